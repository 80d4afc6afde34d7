-- One row per record that an invocation was given, with the event; one without a delivery where it was given none.
-- $invocation_id: of the invocation
-- $run_id: of its run; empty for the run begun last that has it
-- -> event VARCHAR: JSON, as it was handed over
-- -> delivery_id BIGINT: of the captured delivery; null where the event held no record
-- -> service VARCHAR: AWS's eventSource
-- -> source_arn VARCHAR: the source
-- -> partition_id VARCHAR: shard or log stream; empty where there is none
-- -> record_id VARCHAR: AWS's id
-- -> sequence_number VARCHAR: as AWS gave it
-- -> ordering_key VARCHAR: MessageGroupId or partition key
-- -> source_at TIMESTAMP WITH TIME ZONE: the service's instant
-- -> receive_count INTEGER: ApproximateReceiveCount
-- -> body BLOB: payload
-- -> envelope VARCHAR: JSON, the service's answer without the payload
with asked as (
  select run_id, invocation_id, event
  from invocations left join runs using (run_id)
  where invocation_id = $invocation_id and ($run_id = '' or run_id = $run_id)
  order by runs.started_at desc nulls last, run_id desc
  limit 1
)
select event, delivery_id, service, source_arn, records.partition_id, records.record_id, sequence_number, ordering_key,
       source_at, receive_count, body, envelope
from asked
left join outcomes using (run_id, invocation_id)
left join records using (delivery_id)
order by delivery_id
