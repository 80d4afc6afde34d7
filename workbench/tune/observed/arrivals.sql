-- One row per record of a source, however often it was captured: when it came, and how large its part of an event is.
-- $source_arn: the queue or stream
-- $since: only records that came at or after it; null for no bound
-- $until: only records that came at or before it; null for no bound
-- -> record_id VARCHAR: the record
-- -> partition_id VARCHAR: its shard
-- -> arrived_at TIMESTAMP WITH TIME ZONE: the service's instant
-- -> ordering_key VARCHAR: message group, partition key or item
-- -> event_bytes BIGINT: its part of the event as compact JSON, estimated: payload, attributes and what stands around them
-- -> deliveries BIGINT: highest receive count seen; 1 where the service counts none
-- A payload is text in an event of a queue, base64 in one of a Kinesis stream; quotes in it are escaped there.
select record_id, any_value(partition_id) as partition_id, min(source_at) as arrived_at, any_value(ordering_key) as ordering_key,
       max(case when service = 'aws:kinesis' then 4 * ceil(body_bytes / 3) + 430
                when service = 'aws:dynamodb' then body_bytes + 250
                else body_bytes + strlen(attributes) + 450 end)::bigint as event_bytes,
       coalesce(max(receive_count), 1)::bigint as deliveries
from records
where source_arn = $source_arn and source_at is not null
  and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
group by record_id
order by arrived_at, try_cast(any_value(sequence_number) as bignum), record_id
