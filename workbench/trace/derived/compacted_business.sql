-- One row per delivery of a compacted segment whose payload is JSON: the business fields that were named.
-- $key: JSONPath of the business key
-- $sequence: JSONPath of the business sequence, a whole number
-- $event_time: JSONPath of the instant at which the event happened
-- $kept_key: the JSONPath whose value the segments hold as key; null for none
-- $kept_sequence: likewise as sequence
-- $kept_event_time: likewise as event_at
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
-- A field that the segments hold is read from there, and no payload is opened; another as compaction found it can be read.
with opened as (
  select * exclude (reading, body), case when reading = 'enveloped' then published(service, body) else body end as said,
         case when reading <> 'enveloped' then reading end as said_reading
  from compacted where parse_status = 'json'
)
select delivery_id, null::integer as sub_sequence, service, source_arn, partition_id, record_id, sequence_number, ordering_key,
       order_scope, source_at, received_at,
       case when $key is null then null when $key = $kept_key then key else field_of(said, said_reading, $key) end as key,
       case when $sequence is null then null when $sequence = $kept_sequence then sequence
            else whole_number(field_of(said, said_reading, $sequence)) end as sequence,
       case when $event_time is null then null when $event_time = $kept_event_time then event_at
            else instant_in(field_of(said, said_reading, $event_time)) end as event_at
from opened
