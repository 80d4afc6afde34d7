-- One row per source, partition and span; spans of one state that touch (across captures too) are one row.
-- -> source_arn VARCHAR: the source
-- -> partition_id VARCHAR: shard, log stream, or empty
-- -> from_at TIMESTAMP WITH TIME ZONE: start, in the records' own time
-- -> to_at TIMESTAMP WITH TIME ZONE: end
-- -> state VARCHAR: read, assumed or hole
-- -> cause VARCHAR: why a hole is one; null otherwise
with marked as (
  select *, coalesce(from_at <= max(to_at) over before_it, false) as touches
  from coverage
  window before_it as (partition by source_arn, partition_id, state, cause order by from_at, to_at
                       rows between unbounded preceding and 1 preceding)
), spans as (
  select *, sum(case when touches then 0 else 1 end) over (partition by source_arn, partition_id, state, cause
                                                           order by from_at, to_at rows unbounded preceding) as span
  from marked
)
select source_arn, partition_id, min(from_at) as from_at, max(to_at) as to_at, state, cause
from spans
group by source_arn, partition_id, state, cause, span
order by source_arn, partition_id, from_at
