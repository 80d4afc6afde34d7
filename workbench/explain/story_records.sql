-- One row per captured delivery that speaks of the value: as its id, in its envelope, by business key, item key or ordering key.
-- $value: an id or a key, as text
-- $key: JSONPath of the business key; null: none
-- -> delivery_id BIGINT: the delivery
-- -> service VARCHAR: AWS's eventSource
-- -> source_arn VARCHAR: where it was
-- -> partition_id VARCHAR: shard, or empty
-- -> record_id VARCHAR: AWS's id
-- -> published_id VARCHAR: MessageId of the SNS publish it carries; null where it carries none
-- -> source_at TIMESTAMP WITH TIME ZONE: when the service had it
-- -> received_at TIMESTAMP WITH TIME ZONE: when it reached us
-- -> receive_count INTEGER: ApproximateReceiveCount
-- -> mode VARCHAR: how it was read: tap, peek, drain, logged; null where that is of no effect
-- -> request_id VARCHAR: the request that printed it; null where it was read from the service
-- -> event_name VARCHAR: INSERT, MODIFY or REMOVE of a table's change
-- -> link VARCHAR: id, envelope, key, item, ordering_key
-- -> business_key VARCHAR: the payload's own business key
-- Most rows are left out by a search for the value as it stands; only text with escapes is parsed to be sure.
with near as (
  select *, payload(body) as said from records
  where service <> 'aws:logs'
    and (record_id = $value or sequence_number = $value or ordering_key = $value
         or contains(payload(body), $value) or contains(payload(body), '\'))
), opened as (
  select *, service = 'aws:sqs' and contains(said, '"TopicArn"') and field(body, '$.Type') = 'Notification' as is_envelope,
         case when is_envelope then encode(field(body, '$.Message')) else body end as content,
         case when is_envelope then field(body, '$.MessageId') when service = 'aws:sns' then record_id end as published_id
  from near
), linked as (
  select *, case when $key is not null then field(content, $key) end as business_key,
         case when record_id = $value or sequence_number = $value then 'id'
              when published_id = $value then 'envelope'
              when business_key = $value then 'key'
              when service = 'aws:dynamodb' and list_contains(json_extract_string(ordering_key, '$.*.*'), $value) then 'item'
              when ordering_key = $value then 'ordering_key' end as link
  from opened
)
select delivery_id, service, source_arn, partition_id, record_id, published_id, source_at, received_at, receive_count,
       try(attributes->>'$.workbench.mode') as mode, try(attributes->>'$.workbench.request_id') as request_id,
       case when service = 'aws:dynamodb' then try(envelope->>'$.eventName') end as event_name, link, business_key
from linked where link is not null
order by coalesce(source_at, received_at), delivery_id
