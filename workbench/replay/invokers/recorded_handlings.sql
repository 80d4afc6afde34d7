-- One row per record and attempt of a request that a log tells was given it: how that went in production.
-- $source_arn: the source
-- -> log_group VARCHAR: ARN of the function's log group
-- -> partition_id VARCHAR: its shard
-- -> record_id VARCHAR: the record
-- -> request_id VARCHAR: the invocation
-- -> attempt BIGINT: of the invocation, where an asynchronous one was retried under its id
-- -> duration_ms DOUBLE: of the whole invocation
-- -> records BIGINT: how many it was given
-- -> status VARCHAR: success, error, timeout, failure or unknown, of the whole invocation
-- -> error_type VARCHAR: why it failed
-- -> error_message VARCHAR: its first line
select log_group, partition_id, record_id, request_id, attempt, duration_ms,
       count(*) over (partition by log_group, request_id, attempt) as records, status, error_type, error_message
from handlings
where source_arn = $source_arn and duration_ms is not null
order by log_group, started_at, line_id, partition_id, record_id
