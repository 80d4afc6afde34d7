-- One row per request that had one of the records, or whose lines speak of the value.
-- $record_ids: AWS's ids of records
-- $value: an id or a key, as text
-- -> request_id VARCHAR: the invocation
-- -> log_group VARCHAR: ARN of the group that tells it
-- -> attempt BIGINT: of an asynchronous invocation
-- -> source_arn VARCHAR: source of the record it had; null where only a line speaks of the value
-- -> record_id VARCHAR: the record; null where only a line speaks of the value
-- -> started_at TIMESTAMP WITH TIME ZONE: START
-- -> ended_at TIMESTAMP WITH TIME ZONE: END
-- -> duration_ms DOUBLE: of the handler
-- -> cold BOOLEAN: an instance was initialised for it
-- -> version VARCHAR: of the function
-- -> status VARCHAR: success, error, timeout, failure or unknown
-- -> error_type VARCHAR: why it failed
-- -> error_message VARCHAR: its first line
-- -> batch_records BIGINT: records that it had, as far as known
-- -> told_by VARCHAR: event, line, trace, time, or mention
-- -> certainty DOUBLE: 1 where an id tells it
-- -> delivery_id BIGINT: log event that tells it
with had as (
  select request_id, log_group, attempt, source_arn, record_id, told_by, certainty, line_id as delivery_id
  from handlings where record_id in (select unnest($record_ids::varchar[]))
), mentioned as (
  select line.request_id, line.source_arn as log_group, 1 as attempt, null::varchar as source_arn, null::varchar as record_id,
         'mention' as told_by, 1.0::double as certainty, min(line.delivery_id) as delivery_id
  from log_lines as line join records as event using (delivery_id)
  where line.line_type = 'application' and line.request_id is not null and length($value) >= 4
    and contains(payload(event.body), $value)
    and regexp_matches(payload(event.body), '(^|[^\w-])' || regexp_escape($value) || '($|[^\w-])')
    and not exists (from had where had.request_id = line.request_id)
  group by line.request_id, line.source_arn
), batches as (
  select request_id, log_group, count(distinct record_id) as batch_records from handlings group by request_id, log_group
)
select told.request_id, told.log_group, told.attempt, told.source_arn, record_id, started_at, ended_at, duration_ms, cold, version,
       coalesce(status, 'unknown') as status, error_type, error_message, batch_records, told_by, certainty, told.delivery_id
from (from had union all by name from mentioned) as told
  left join invocations_observed as invocation
    on invocation.source_arn = told.log_group and invocation.request_id = told.request_id and invocation.attempt = told.attempt
  left join batches on batches.request_id = told.request_id and batches.log_group = told.log_group
order by started_at, told.delivery_id
