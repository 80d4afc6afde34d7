-- One row per delivery asked for: what may set its record apart from others, but for what stands in its payload.
-- $delivery_ids: the deliveries
-- -> delivery_id BIGINT: the delivery
-- -> source_arn VARCHAR: where it was
-- -> partition_id VARCHAR: shard, log stream, or empty
-- -> ordering_key VARCHAR: message group, partition key, item key
-- -> receive_count INTEGER: ApproximateReceiveCount
-- -> body_bytes INTEGER: size of the payload
-- -> parse_status VARCHAR: what the payload is
-- -> attributes VARCHAR: JSON: system and user attributes
-- -> body BLOB: payload
-- -> version VARCHAR: of the function that had it first
-- -> memory_mb BIGINT: memory of that function
-- -> cold BOOLEAN: an instance was initialised for it
-- -> status VARCHAR: how that request ended
with asked as (
  select * from records where delivery_id in (select unnest($delivery_ids::bigint[]))
), counts as (
  select source_arn, record_id, max(receive_count) as receive_count
  from records semi join asked using (source_arn, record_id) where service = 'aws:sqs' group by source_arn, record_id
), had as (
  select asked.delivery_id, log_group, request_id, attempt
  from asked join handlings using (source_arn, record_id)
  union all
  select asked.delivery_id, line.source_arn, line.request_id, 1
  from asked join log_lines as line on asked.service = 'aws:logs' and line.delivery_id = asked.delivery_id
  where line.request_id is not null
), ran as (
  select had.delivery_id, arg_min(invocation.version, started_at) as version, arg_min(invocation.memory_mb, started_at) as memory_mb,
         arg_min(invocation.cold, started_at) as cold, arg_min(invocation.status, started_at) as status
  from had join invocations_observed as invocation
    on invocation.source_arn = had.log_group and invocation.request_id = had.request_id and invocation.attempt = had.attempt
  group by had.delivery_id
)
select delivery_id, source_arn, partition_id, ordering_key, counts.receive_count, body_bytes, parse_status, attributes, body,
       version, memory_mb, cold, status
from asked left join ran using (delivery_id) left join counts using (source_arn, record_id)
order by delivery_id
