-- One row per partition and stretch of its time in which nothing but purged deliveries stood.
-- $delivery_ids: the deliveries that are purged
-- -> source_arn VARCHAR: the source
-- -> partition_id VARCHAR: the partition
-- -> from_at TIMESTAMP WITH TIME ZONE: instant of the first of them, in the records' own time
-- -> to_at TIMESTAMP WITH TIME ZONE: instant of the last
with purged as (
  select unnest($delivery_ids::BIGINT[]) as delivery_id
), marked as (
  select source_arn, partition_id, delivery_id, coalesce(source_at, received_at) as stood_at,
         delivery_id in (from purged) as is_purged
  from records
), stretched as (
  select *, count(*) filter (where not is_purged) over (partition by source_arn, partition_id order by stood_at, delivery_id
                                                        rows unbounded preceding) as stretch
  from marked
)
select source_arn, partition_id, min(stood_at) as from_at, max(stood_at) as to_at
from stretched
where is_purged
group by source_arn, partition_id, stretch
order by source_arn, partition_id, from_at
