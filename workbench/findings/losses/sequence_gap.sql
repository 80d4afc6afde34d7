-- One row per neighbour of a gap: the records with the last number before and the first number after what is missing.
-- $source_arn: only this source; null for all
-- $since: earliest source_at of both neighbours; null for no bound
-- $until: latest source_at of both neighbours; null for no bound
-- $key: JSONPath of the business key
-- $sequence: JSONPath of the business sequence, a whole number
-- $settle_ms: a number may still come for so long after a later one, ms
-- -> source_arn VARCHAR: the source
-- -> key VARCHAR: the business key
-- -> delivery_id BIGINT: first delivery of the neighbour
-- -> source_at TIMESTAMP WITH TIME ZONE: the neighbour's instant
-- -> partition_id VARCHAR: where it stands
-- -> sequence BIGINT: the neighbour's number
-- -> gap BIGINT: the same for both neighbours of a gap
-- -> missing_from BIGINT: first number missing
-- -> missing_to BIGINT: last number missing
-- -> unreadable BIGINT: records between the neighbours that may be one of them, and tell no number
-- -> is_read BOOLEAN: false where what lies between was imported, and counts as complete by assumption
-- -> repeats BIGINT: in the whole source, records whose key and number had come before under another id
-- -> first_repeat_id BIGINT: delivery of the first
-- -> steps_back BIGINT: in the whole source, records with a smaller number than the one before that begin no count anew
-- -> first_step_back_id BIGINT: delivery of the first
-- -> resets BIGINT: in the whole source, records with which a key counts anew
-- -> first_reset_id BIGINT: delivery of the first
-- -> unnumbered BIGINT: in the whole source, records with the key and without a whole number
-- Keys whose numbers go up by one as they were stored have no gap and are left at once. Of the others, each record counts once. A
-- key counts anew where it falls back to 0, 1 or its first number, goes on with the next, and the content is new: numbers before
-- and behind are two lives. Where it only falls back, a gap must lie within what came before it or within what came behind it.
-- Fields are kept before they are tested: a test at once would work them out twice.
-- A record is in the neighbours' partition for sure where both stand in one partition under one ordering key.
with numbered as materialized (
  select source_arn, delivery_id, sub_sequence, key, sequence
  from business($key, $sequence, null) where $source_arn is null or source_arn = $source_arn
), followed as (
  select source_arn, key,
         sequence::hugeint - lag(sequence) over (partition by hash(source_arn, key) order by delivery_id, sub_sequence) as step
  from numbered where key is not null and sequence is not null
), partial as (
  select source_arn from dead_letter_queues union select dead_letter_arn from subscriptions
  union select on_failure_arn from event_source_mappings union select endpoint from subscriptions where filter_policy is not null
), suspect as (
  select distinct source_arn, key from followed anti join partial using (source_arn) where step <> 1
), record as (
  select numbered.source_arn, numbered.key, record_id, sub_sequence, arg_min(sequence, delivery_id) as sequence,
         min(delivery_id) as delivery_id, min(coalesce(source_at, received_at)) as came_at,
         arg_min(records.partition_id, delivery_id) as partition_id,
         any_value(order_scope) as order_scope, any_value(ltrim(sequence_number, '0')) as place,
         any_value(coalesce(user_records.partition_key, ordering_key)) as ordering_key,
         any_value(coalesce(user_records.body_hash, records.body_hash)) as content,
         bool_and(contains(attributes, '"mode":"peek"')) as is_peeked
  from numbered semi join suspect using (source_arn, key) join records using (delivery_id)
    left join user_records using (delivery_id, sub_sequence)
  group by numbered.source_arn, numbered.key, record_id, sub_sequence
), arrived as (
  select *, lag(sequence) over arrival as number_before, lead(sequence) over arrival as number_behind,
         first_value(sequence) over arrival as first_number,
         row_number() over (partition by source_arn, key, sequence
                            order by came_at, strlen(place), place, sub_sequence, record_id) as nth_of_number,
         row_number() over (partition by source_arn, key, sequence, content
                            order by came_at, strlen(place), place, sub_sequence, record_id) as nth_of_content
  from record where sequence is not null
  window arrival as (partition by source_arn, key order by came_at, strlen(place), place, sub_sequence, record_id)
), told as (
  select *, sequence < number_before as goes_back,
         coalesce(goes_back and (sequence in (0, 1) or sequence = first_number), false) as falls_back,
         coalesce(falls_back and order_scope <> 'none' and number_behind::hugeint - sequence = 1
                  and nth_of_number > 1 and nth_of_content = 1, false) as is_reset
  from arrived
), lived as (
  select *, count(*) filter (is_reset) over arrival as life, count(*) filter (falls_back) over arrival as fall
  from told window arrival as (partition by source_arn, key order by came_at, strlen(place), place, sub_sequence, record_id)
), lives as (
  select *, row_number() over (partition by source_arn, key, life, sequence
                               order by came_at, strlen(place), place, sub_sequence, record_id) > 1 as is_repeat
  from lived
), noted as (
  select source_arn, count(*) filter (is_repeat) as repeats,
         arg_min(delivery_id, (came_at, delivery_id)) filter (is_repeat) as first_repeat_id,
         count(*) filter (goes_back and not is_reset) as steps_back,
         arg_min(delivery_id, (came_at, delivery_id)) filter (goes_back and not is_reset) as first_step_back_id,
         count(*) filter (is_reset) as resets, arg_min(delivery_id, (came_at, delivery_id)) filter (is_reset) as first_reset_id
  from lives group by source_arn
), unnumbered as (
  select source_arn, count(distinct delivery_id) as unnumbered from numbered where key is not null and sequence is null group by source_arn
), neighbour as (
  select *, lead(sequence) over by_number as next_sequence, lead(delivery_id) over by_number as next_delivery_id,
         lead(came_at) over by_number as next_came_at, lead(partition_id) over by_number as next_partition_id,
         lead(ordering_key) over by_number as next_ordering_key, lead(is_peeked) over by_number as next_is_peeked
  from lives where not is_repeat
  window by_number as (partition by source_arn, key, life order by sequence)
), reached as (
  select source_arn, key, life, fall, min(sequence) as lowest, max(sequence) as highest from lives group by source_arn, key, life, fall
), gap as (
  select neighbour.*, row_number() over (order by source_arn, key, life, sequence) as gap, least(came_at, next_came_at) as from_at,
         greatest(came_at, next_came_at) as to_at, greatest(came_at, next_came_at) + to_milliseconds($settle_ms) as settled_at,
         partition_id = next_partition_id and ordering_key is not distinct from next_ordering_key as is_pinned,
         case when came_at <= next_came_at then partition_id else next_partition_id end as from_partition_id,
         case when came_at <= next_came_at then next_partition_id else partition_id end as to_partition_id
  from neighbour
  where next_sequence::hugeint - sequence > 1 and not is_peeked and not next_is_peeked
    and ($since is null or least(came_at, next_came_at) >= $since) and ($until is null or greatest(came_at, next_came_at) <= $until)
    and exists (from reached where reached.source_arn = neighbour.source_arn and reached.key = neighbour.key
                  and reached.life = neighbour.life and lowest <= sequence and highest >= next_sequence)
), covered as (
  select source_arn, partition_id, from_at, to_at, state from settled_coverage where state <> 'hole'
), read_to as (
  select source_arn, partition_id, max(to_at) as to_at, coalesce(bool_or(finished = 1), false) as is_finished
  from covered left join checkpoints using (source_arn, partition_id) group by source_arn, partition_id
), open_to as (
  select source_arn, coalesce(min(to_at) filter (not is_finished), timestamptz 'infinity') as to_at from read_to group by source_arn
), passed as (
  select gap, bool_or(before.state <> 'assumed' and behind.state <> 'assumed') as is_read
  from gap
    join covered as before on before.source_arn = gap.source_arn and before.partition_id in (from_partition_id, '')
      and gap.from_at between before.from_at and before.to_at
    join covered as behind on behind.source_arn = gap.source_arn and behind.partition_id in (to_partition_id, '')
      and gap.to_at between behind.from_at and behind.to_at
    join read_to as first on first.source_arn = gap.source_arn and first.partition_id = before.partition_id
    join read_to as last on last.source_arn = gap.source_arn and last.partition_id = behind.partition_id
    join open_to on open_to.source_arn = gap.source_arn
  where (before.to_at >= behind.from_at or first.is_finished)
    and (is_pinned and last.to_at >= settled_at or (last.is_finished or not is_pinned) and open_to.to_at >= settled_at)
  group by gap
), holed as (
  select distinct gap from gap join settled_coverage as hole on hole.source_arn = gap.source_arn and hole.state = 'hole'
    and (not is_pinned or hole.partition_id in (gap.partition_id, '')) and hole.from_at <= settled_at and hole.to_at >= gap.from_at
), unparsed as (
  select source_arn, record_id, null::integer as sub_sequence, min(coalesce(source_at, received_at)) as came_at,
         any_value(ordering_key) as ordering_key
  from records anti join user_records using (delivery_id)
  where parse_status <> 'json' and source_arn in (select source_arn from gap) group by source_arn, record_id
  union all
  select source_arn, record_id, sub_sequence, min(coalesce(source_at, received_at)), any_value(user_records.partition_key)
  from user_records join records using (delivery_id)
  where source_arn in (select source_arn from gap) and not coalesce(json_valid(payload(user_records.body)), false)
  group by source_arn, record_id, sub_sequence
), doubted as (
  select gap, count(*) as unreadable
  from (
    select gap from gap join record on record.source_arn = gap.source_arn and record.key = gap.key and record.sequence is null
      and record.came_at between gap.from_at and settled_at
    union all
    select gap from gap join unparsed on unparsed.source_arn = gap.source_arn and is_pinned and unparsed.ordering_key = gap.ordering_key
      and unparsed.came_at between gap.from_at and settled_at
    union all
    select gap from gap join unparsed on unparsed.source_arn = gap.source_arn and (not is_pinned or unparsed.ordering_key is null)
      and unparsed.came_at between gap.from_at and settled_at
  )
  group by gap
), found as (
  select gap.*, coalesce(unreadable, 0) as unreadable, is_read
  from gap join passed using (gap) anti join holed using (gap) left join doubted using (gap)
  where next_sequence::hugeint - sequence - 1 > coalesce(unreadable, 0)
)
select source_arn, key, unnest([found.delivery_id, next_delivery_id]) as delivery_id, unnest([came_at, next_came_at]) as source_at,
       unnest([partition_id, next_partition_id]) as partition_id, unnest([sequence, next_sequence]) as sequence, gap,
       sequence + 1 as missing_from, next_sequence - 1 as missing_to, unreadable, is_read, repeats, first_repeat_id, steps_back,
       first_step_back_id, resets, first_reset_id, coalesce(unnumbered, 0) as unnumbered
from found join noted using (source_arn) left join unnumbered using (source_arn)
order by source_arn, key, missing_from, gap, sequence, delivery_id
