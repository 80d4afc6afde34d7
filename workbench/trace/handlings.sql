-- One row per record and request that a log tells was given it: the join of messages with invocations.
-- -> source_arn VARCHAR: source of the record
-- -> partition_id VARCHAR: its shard
-- -> record_id VARCHAR: the record
-- -> log_group VARCHAR: ARN of the log group that tells it
-- -> request_id VARCHAR: the invocation
-- -> attempt BIGINT: of the invocation, where an asynchronous one was retried under its id
-- -> log_stream VARCHAR: the instance that ran it
-- -> version VARCHAR: of the function
-- -> started_at TIMESTAMP WITH TIME ZONE: START; null where it was not logged
-- -> ended_at TIMESTAMP WITH TIME ZONE: END; null where it was not logged
-- -> duration_ms DOUBLE: of the handler
-- -> status VARCHAR: success, error, timeout, failure or unknown, of the whole invocation
-- -> error_type VARCHAR: why it failed
-- -> error_message VARCHAR: its first line
-- -> told_by VARCHAR: event (the handler printed it), line (its id stands in a line), time (by time and batch size)
-- -> certainty DOUBLE: 1 where an id tells it, else a probability
-- -> line_id BIGINT: delivery of the log event that tells it
-- -> first_line_id BIGINT: delivery of the invocation's first log event (START where it was logged)
-- -> last_line_id BIGINT: delivery of its last (REPORT where it was logged)
with printed as (
  select source_arn, partition_id, record_id, attributes->>'$.workbench.log_event' as log_event,
         attributes->>'$.workbench.request_id' as request_id
  from records where attributes like '%"mode":"logged"%'
), told_whole as (
  select printed.source_arn, printed.partition_id, printed.record_id, line.source_arn as log_group, line.request_id,
         'event' as told_by, line.delivery_id as line_id
  from printed join records as event on event.service = 'aws:logs' and event.record_id = log_event
    join log_lines as line on line.delivery_id = event.delivery_id
), ids as (
  select line.source_arn as log_group, line.request_id, line.delivery_id as line_id,
         unnest(list_distinct(regexp_extract_all(payload(event.body),
           '\b(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}|[0-9]{56})\b'))) as id
  from log_lines as line join records as event using (delivery_id)
  where line_type = 'application' and request_id is not null
), named as (
  select source_arn, partition_id, record_id, log_group, request_id, 'line' as told_by, min(line_id) as line_id
  from (select distinct source_arn, partition_id, record_id,
               case when service = 'aws:kinesis' then sequence_number else record_id end as id
        from records where service in ('aws:sqs', 'aws:sns', 'aws:kinesis', 'aws:dynamodb'))
    join ids using (id)
  group by all
), told as (
  select source_arn, partition_id, record_id, log_group, request_id, min_by(told_by, told_by) as told_by, min(line_id) as line_id
  from (from told_whole union all by name from named)
  where request_id is not null group by source_arn, partition_id, record_id, log_group, request_id
)
select told.source_arn, partition_id, record_id, log_group, told.request_id, coalesce(attempt, 1) as attempt, log_stream, version, started_at,
       ended_at, duration_ms, coalesce(status, 'unknown') as status, error_type, error_message, told_by, 1.0::double as certainty, line_id,
       first_delivery_id as first_line_id, last_delivery_id as last_line_id
from told left join invocations_observed as invocation
  on invocation.source_arn = log_group and invocation.request_id = told.request_id
