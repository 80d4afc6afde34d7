-- One row per record of a neighbouring pair of one key that the service carries in the wrong order.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $key: JSONPath of the business key; null for the service's own ordering key
-- $sequence: JSONPath of the business sequence, a whole number
-- -> source_arn VARCHAR: a source that promises order
-- -> key VARCHAR: business key, or ordering key
-- -> delivery_id BIGINT: first delivery of the record
-- -> source_at TIMESTAMP WITH TIME ZONE: the record's instant
-- -> sequence BIGINT: its business number
-- -> sequence_number VARCHAR: its place in the service's order; null where the service has none
-- -> pair BIGINT: the same for both records of a pair
-- -> displacement BIGINT: places that the later record stands behind where its number belongs
-- Repeats of a number are left out: a producer's retry is told by its own kind.
with numbered as (
  select source_arn, partition_id, delivery_id, source_at, sequence_number,
         case when order_scope = 'key' then ordering_key end as promised_within,
         case when $key is null then ordering_key else key end as key, sequence
  from business($key, $sequence, null)
  where order_scope <> 'none' and ($source_arn is null or source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
), placed as (
  select *, try_cast(sequence_number as bignum) as place from numbered where key is not null and sequence is not null
), seen as (
  select * from placed
  qualify row_number() over (partition by source_arn, partition_id, promised_within, key, sequence
                             order by place, source_at, delivery_id) = 1
), ranked as (
  select *, row_number() over in_service_order as at_place,
         row_number() over (partition by source_arn, partition_id, promised_within, key order by sequence) as belongs_at,
         lag(sequence) over in_service_order as before_sequence, lag(delivery_id) over in_service_order as before_delivery_id,
         lag(source_at) over in_service_order as before_source_at, lag(sequence_number) over in_service_order as before_sequence_number
  from seen
  window in_service_order as (partition by source_arn, partition_id, promised_within, key order by place, source_at, delivery_id)
), inverted as (
  select *, at_place - belongs_at as displacement from ranked where before_sequence > sequence
)
select source_arn, key, unnest([before_delivery_id, inverted.delivery_id]) as delivery_id,
       unnest([before_source_at, source_at]) as source_at, unnest([before_sequence, sequence]) as sequence,
       unnest([before_sequence_number, sequence_number]) as sequence_number, inverted.delivery_id as pair, displacement
from inverted
order by source_arn, key, pair, delivery_id
