-- One row per message that was captured from the queue, in order of arrival.
-- $source_arn: the queue
-- -> record_id VARCHAR: the message
-- -> arrived_at TIMESTAMP WITH TIME ZONE: SentTimestamp
-- -> bytes BIGINT: of its body
-- -> receives BIGINT: how often others received it, as the highest ApproximateReceiveCount says; null where none was kept
select record_id, min(source_at) as arrived_at, max(body_bytes)::bigint as bytes,
       max(greatest(0, receive_count - coalesce(try_cast(regexp_extract(attributes, '"own_receives":(\d+)', 1) as integer), 0)))::bigint as receives
from records where source_arn = $source_arn
group by record_id
order by arrived_at, record_id
