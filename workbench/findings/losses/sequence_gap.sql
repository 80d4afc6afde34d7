-- One row per neighbour of a gap: the records with the last number before and the first number after what is missing.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $key: JSONPath of the business key
-- $sequence: JSONPath of the business sequence, a whole number
-- $settle_ms: a number may still come for so long after a later one, ms
-- -> source_arn VARCHAR: the source
-- -> key VARCHAR: the business key
-- -> delivery_id BIGINT: first delivery of the neighbour
-- -> source_at TIMESTAMP WITH TIME ZONE: the neighbour's instant
-- -> sequence BIGINT: the neighbour's number
-- -> gap BIGINT: the same for both neighbours of a gap
-- -> missing_from BIGINT: first number missing
-- -> missing_to BIGINT: last number missing
-- Claimed only where both neighbours were read, no hole lies between them, and the source was read on for $settle_ms.
with numbered as (
  select source_arn, partition_id, delivery_id, coalesce(source_at, received_at) as source_at, key, sequence
  from business($key, $sequence, null)
  where ($source_arn is null or source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
), seen as (
  select * from numbered where key is not null and sequence is not null
  qualify row_number() over (partition by source_arn, key, sequence order by delivery_id) = 1
), neighbours as (
  select *, lead(sequence) over by_number as next_sequence, lead(delivery_id) over by_number as next_delivery_id,
         lead(source_at) over by_number as next_source_at
  from seen
  window by_number as (partition by source_arn, key order by sequence)
), read_until as (
  select source_arn, max(to_at) as to_at from coverage where state <> 'hole' group by source_arn
), gaps as (
  select neighbours.* from neighbours left join read_until using (source_arn)
  where next_sequence > sequence + 1
    and greatest(source_at, next_source_at) + to_milliseconds($settle_ms) <= coalesce(read_until.to_at, next_source_at)
    and not exists (
      from coverage as hole
      where hole.state = 'hole' and hole.source_arn = neighbours.source_arn
        and hole.from_at <= greatest(source_at, next_source_at) and hole.to_at >= least(source_at, next_source_at))
)
select source_arn, key, unnest([gaps.delivery_id, next_delivery_id]) as delivery_id,
       unnest([source_at, next_source_at]) as source_at, unnest([sequence, next_sequence]) as sequence, gaps.delivery_id as gap,
       sequence + 1 as missing_from, next_sequence - 1 as missing_to
from gaps
order by source_arn, key, missing_from, sequence
