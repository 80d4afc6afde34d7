-- One row per captured delivery of the id asked for: none or one.
-- $delivery_id: of the delivery
-- -> delivery_id BIGINT: identity within the trace
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
select delivery_id, service, source_arn, partition_id, record_id, sequence_number, ordering_key, source_at,
       receive_count, body, envelope
from records
where delivery_id = $delivery_id
