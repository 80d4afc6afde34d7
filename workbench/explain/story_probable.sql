-- One row per record that no log line names and request that probably had it first, as `story_requests` tells those named.
-- $record_ids: AWS's ids of records
-- -> request_id VARCHAR: the invocation
-- -> log_group VARCHAR: ARN of the group that tells it
-- -> attempt BIGINT: of an asynchronous invocation
-- -> source_arn VARCHAR: source of the record it had
-- -> record_id VARCHAR: the record
-- -> started_at TIMESTAMP WITH TIME ZONE: START
-- -> ended_at TIMESTAMP WITH TIME ZONE: END
-- -> duration_ms DOUBLE: of the handler
-- -> cold BOOLEAN: an instance was initialised for it
-- -> version VARCHAR: of the function
-- -> status VARCHAR: success, error, timeout, failure or unknown
-- -> error_type VARCHAR: why it failed
-- -> error_message VARCHAR: its first line
-- -> batch_records BIGINT: null: time alone does not tell the batch
-- -> told_by VARCHAR: time
-- -> certainty DOUBLE: below 1
-- -> delivery_id BIGINT: START
select told.request_id, log_group, told.attempt, told.source_arn, record_id, told.started_at, told.ended_at, told.duration_ms, cold,
       told.version, told.status, told.error_type, told.error_message, null::bigint as batch_records, told_by, certainty, line_id as delivery_id
from probable_handlings as told join invocations_observed as invocation
  on invocation.source_arn = log_group and invocation.request_id = told.request_id and invocation.attempt = told.attempt
where record_id in (select unnest($record_ids::varchar[]))
order by told.started_at, line_id
