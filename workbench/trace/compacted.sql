-- One row per delivery, as compacted segments hold it: sorted, with how its payload can be read and the trace's business fields.
-- $key: JSONPath of the business key
-- $sequence: JSONPath of the business sequence, a whole number
-- $event_time: JSONPath of the instant at which the event happened
-- -> delivery_id BIGINT: as of `records`
-- -> capture_id VARCHAR: as of `records`
-- -> service VARCHAR: as of `records`
-- -> source_arn VARCHAR: as of `records`
-- -> partition_id VARCHAR: as of `records`
-- -> record_id VARCHAR: as of `records`
-- -> sequence_number VARCHAR: as of `records`
-- -> ordering_key VARCHAR: as of `records`
-- -> order_scope VARCHAR: as of `records`
-- -> source_at TIMESTAMP WITH TIME ZONE: as of `records`
-- -> received_at TIMESTAMP WITH TIME ZONE: as of `records`
-- -> receive_count INTEGER: as of `records`
-- -> body BLOB: as of `records`
-- -> body_hash BLOB: as of `records`
-- -> body_bytes INTEGER: as of `records`
-- -> parse_status VARCHAR: as of `records`
-- -> attributes VARCHAR: as of `records`
-- -> envelope VARCHAR: as of `records`
-- -> reading VARCHAR: plain, scalars, no_json, odd; enveloped in a queue behind a topic
-- -> key VARCHAR: business key; null where the payload has none
-- -> sequence BIGINT: business sequence; null where it is no whole number below 2^62
-- -> event_at TIMESTAMP WITH TIME ZONE: instant of the event; null where it is none
-- Text was refused by Python's parser when it was captured; only with zero bytes in it may it be JSON in another encoding.
with read as (
  select *, case when is_notification(service, body) then 'enveloped'
                 when parse_status = 'text' and not contains(payload(body), chr(0)) then 'no_json'
                 else reading_of(body) end as reading
  from records
), opened as (
  select *, case when reading = 'enveloped' then published(service, body) else body end as said,
         case when reading = 'enveloped' then 'odd' else reading end as said_reading
  from read
)
select * exclude (said, said_reading),
       case when $key is not null then field_of(said, said_reading, $key) end as key,
       case when $sequence is not null then whole_number(field_of(said, said_reading, $sequence)) end as sequence,
       case when $event_time is not null then instant_in(field_of(said, said_reading, $event_time)) end as event_at
from opened
order by source_arn, partition_id, strlen(sequence_number), sequence_number, source_at, delivery_id
