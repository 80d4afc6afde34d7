-- One row per delivery asked for: what a list of deliveries shows of it, in the order in which they were asked for.
-- $delivery_ids: the deliveries
-- $most_bytes: bytes of the payload that are given
-- -> delivery_id BIGINT: the delivery
-- -> at TIMESTAMP WITH TIME ZONE: the service's instant, or ours where it tells none
-- -> source_arn VARCHAR: the source
-- -> partition_id VARCHAR: shard, log stream, or empty
-- -> id VARCHAR: the sequence number, or AWS's id where there is none
-- -> ordering_key VARCHAR: what orders it; null where the source has none
-- -> receive_count INTEGER: ApproximateReceiveCount; null where the source has none
-- -> body_bytes INTEGER: size of the whole payload
-- -> first_receive_ms BIGINT: from being sent to being received for the first time; null where the service does not tell
-- -> body_start BLOB: beginning of the payload
with asked as (
  select unnest($delivery_ids::bigint[]) as delivery_id, generate_subscripts($delivery_ids::bigint[], 1) as place
)
select delivery_id, coalesce(source_at, received_at) as at, source_arn, partition_id,
       coalesce(sequence_number, record_id) as id, ordering_key, receive_count, body_bytes,
       try_cast(try(attributes->>'$.system.ApproximateFirstReceiveTimestamp') as bigint) - epoch_ms(source_at) as first_receive_ms,
       body[1:$most_bytes] as body_start
from records join asked using (delivery_id)
order by place
