-- One row per delivery of no compacted segment whose payload is JSON: the business fields that were named; and one per packed user record.
-- $key: JSONPath of the business key
-- $sequence: JSONPath of the business sequence, a whole number
-- $event_time: JSONPath of the instant at which the event happened
-- -> delivery_id BIGINT: the delivery
-- -> sub_sequence INTEGER: place in an aggregate of the Kinesis Producer Library; null for a plain record
-- -> service VARCHAR: as of `records`
-- -> source_arn VARCHAR: as of `records`
-- -> partition_id VARCHAR: as of `records`
-- -> record_id VARCHAR: as of `records`
-- -> sequence_number VARCHAR: as of `records`
-- -> ordering_key VARCHAR: as of `records`; of a user record its partition key
-- -> order_scope VARCHAR: as of `records`
-- -> source_at TIMESTAMP WITH TIME ZONE: as of `records`
-- -> received_at TIMESTAMP WITH TIME ZONE: as of `records`
-- -> key VARCHAR: business key; null where the payload has none
-- -> sequence BIGINT: business sequence; null where it is no whole number below 2^62
-- -> event_at TIMESTAMP WITH TIME ZONE: instant of the event; null where it is none
-- In a queue behind a topic the fields are looked for in the envelope's Message: what the publisher wrote.
with payloads as (
  select delivery_id, null::integer as sub_sequence, service, source_arn, partition_id, record_id, sequence_number, ordering_key,
         order_scope, source_at, received_at, published(service, body) as body
  from uncompacted where parse_status = 'json'
  union all
  select delivery_id, sub_sequence, service, source_arn, partition_id, record_id, sequence_number, user_records.partition_key,
         order_scope, source_at, received_at, user_records.body
  from user_records join may_be_aggregated using (delivery_id)
), told as (
  select * exclude (body), case when $key is not null then field(body, $key) end as key,
         case when $sequence is not null then field(body, $sequence) end as told_sequence,
         case when $event_time is not null then field(body, $event_time) end as told_time
  from payloads
)
select * exclude (key, told_sequence, told_time), key, whole_number(told_sequence) as sequence, instant_in(told_time) as event_at
from told
