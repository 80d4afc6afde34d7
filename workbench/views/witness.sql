-- One row per delivery asked for: what tells it from others, and the beginning of its payload.
-- $delivery_ids: the deliveries
-- $most_bytes: bytes of the payload that are given
-- -> delivery_id BIGINT: the delivery
-- -> source_at TIMESTAMP WITH TIME ZONE: the service's instant
-- -> partition_id VARCHAR: shard, log stream, or empty
-- -> record_id VARCHAR: AWS's id
-- -> ordering_key VARCHAR: what orders it; null where the source has none
-- -> receive_count INTEGER: ApproximateReceiveCount; null where the source has none
-- -> body_bytes INTEGER: size of the whole payload
-- -> body_start BLOB: its beginning
select delivery_id, source_at, partition_id, record_id, ordering_key, receive_count, body_bytes,
       body[1:$most_bytes] as body_start
from records
where delivery_id in (select unnest($delivery_ids::bigint[]))
order by delivery_id
