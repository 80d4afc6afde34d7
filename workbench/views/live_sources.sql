-- One row per source with records or coverage: how far its capture is.
-- -> source_arn VARCHAR: the source
-- -> records BIGINT: deliveries stored
-- -> read_to_at TIMESTAMP WITH TIME ZONE: up to here the slowest of its partitions was read; null where that is not known
-- -> holes BIGINT: stretches that were not read
with counted as (
  select source_arn, count(*) as records from records group by source_arn
), parts as (
  select source_arn, partition_id, max(to_at) filter (where state <> 'hole' and isfinite(to_at)) as read_to_at,
         count(*) filter (where state = 'hole') as holes
  from settled_coverage group by source_arn, partition_id
), covered as (
  select source_arn, min(read_to_at) as read_to_at, sum(holes)::bigint as holes from parts group by source_arn
)
select source_arn, coalesce(records, 0) as records, read_to_at, coalesce(holes, 0) as holes
from counted full join covered using (source_arn)
order by source_arn
