-- One row per record of a source, however often it was captured: its first delivery.
-- $source_arn: the source
-- -> delivery_id BIGINT: of the first delivery
-- -> service VARCHAR: AWS's eventSource
-- -> source_arn VARCHAR: the source
-- -> partition_id VARCHAR: shard; empty for a queue
-- -> record_id VARCHAR: MessageId, or shard and sequence number
-- -> sequence_number VARCHAR: as AWS gave it
-- -> ordering_key VARCHAR: MessageGroupId or partition key
-- -> arrives_at TIMESTAMP WITH TIME ZONE: the service's instant, else ours
-- -> receive_count INTEGER: ApproximateReceiveCount
-- -> body BLOB: payload
-- -> envelope VARCHAR: JSON, the service's answer without the payload
select delivery_id, service, source_arn, partition_id, record_id, sequence_number, ordering_key,
       coalesce(source_at, received_at) as arrives_at, receive_count, body, envelope
from records
where source_arn = $source_arn
qualify row_number() over (partition by partition_id, record_id order by received_at, delivery_id) = 1
order by arrives_at, delivery_id
