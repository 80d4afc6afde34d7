-- One row per source, partition and span; spans of one state that touch (across captures too) are one row.
-- -> source_arn VARCHAR: the source
-- -> partition_id VARCHAR: shard, log stream, or empty
-- -> from_at TIMESTAMP WITH TIME ZONE: start, in the records' own time
-- -> to_at TIMESTAMP WITH TIME ZONE: end
-- -> state VARCHAR: read, sealed, assumed or hole
-- -> cause VARCHAR: why a hole is one; null otherwise
-- Sealed settles what was only read, and heals what was a hole for what came late; other holes stand beside it.
with ordered as (
  select *, max(to_at) over (partition by source_arn, partition_id, state, cause order by from_at, to_at
                             rows between unbounded preceding and 1 preceding) as reached_at
  from coverage
), numbered as (
  select *, sum(case when from_at <= reached_at then 0 else 1 end)
              over (partition by source_arn, partition_id, state, cause order by from_at, to_at
                    rows unbounded preceding) as span
  from ordered
), spans as (
  select source_arn, partition_id, state, cause, min(from_at) as from_at, max(to_at) as to_at
  from numbered group by source_arn, partition_id, state, cause, span
), sealed as (
  select source_arn, partition_id, from_at, to_at from spans where state = 'sealed'
), unsealed as (
  select source_arn, partition_id, to_at as from_at,
         lead(from_at, 1, timestamptz 'infinity') over (partition by source_arn, partition_id order by from_at) as to_at
  from sealed
  union all
  select source_arn, partition_id, timestamptz '-infinity', min(from_at) from sealed group by source_arn, partition_id
), settled as (
  select spans.source_arn, spans.partition_id, spans.state, spans.cause,
         greatest(spans.from_at, unsealed.from_at) as from_at, least(spans.to_at, unsealed.to_at) as to_at
  from spans left join unsealed
    on spans.source_arn = unsealed.source_arn and spans.partition_id = unsealed.partition_id
   and (spans.state in ('read', 'assumed') or spans.cause = 'late')
  where unsealed.source_arn is null
     or spans.from_at < unsealed.to_at and unsealed.from_at < spans.to_at
     or spans.from_at = spans.to_at and spans.from_at between unsealed.from_at and unsealed.to_at
)
select source_arn, partition_id, from_at, to_at, state, cause
from settled
order by source_arn, partition_id, from_at, to_at, state
