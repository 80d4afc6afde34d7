-- One row per record at a border of a hole: the last before it, the first behind it; one row without a record where there is neither.
-- $source_arn: only this source; null for all
-- $since: only holes that reach to it or beyond; null for no bound
-- $until: only holes that begin at or before it; null for no bound
-- -> source_arn VARCHAR: the source
-- -> key VARCHAR: the partition; empty: the source as a whole
-- -> delivery_id BIGINT: first delivery of the border record; null where there is none
-- -> source_at TIMESTAMP WITH TIME ZONE: the record's instant; without a record where the hole begins
-- -> border VARCHAR: before or behind; null without a record
-- -> record_id VARCHAR: the record
-- -> hole BIGINT: the same for both borders
-- -> from_at TIMESTAMP WITH TIME ZONE: where the hole begins, in the records' own time
-- -> to_at TIMESTAMP WITH TIME ZONE: where it ends
-- -> cause VARCHAR: why it was not read
-- A hole that a later reading healed is none. Instants alone order records here, so of those at one instant any may be the last.
with hole as (
  select source_arn, partition_id, from_at, to_at, cause,
         row_number() over (order by source_arn, partition_id, from_at, to_at, cause) as hole
  from settled_coverage
  where state = 'hole' and ($source_arn is null or source_arn = $source_arn)
    and ($since is null or to_at >= $since) and ($until is null or from_at <= $until)
), placed as (
  select source_arn, partition_id, source_at, min_by(delivery_id, (record_id, delivery_id)) as delivery_id, min(record_id) as record_id
  from (
    select source_arn, partition_id, source_at, record_id, delivery_id
    from records semi join hole using (source_arn, partition_id) where source_at is not null
    union all
    select source_arn, '', source_at, record_id, delivery_id
    from records semi join (from hole where partition_id = '') using (source_arn) where source_at is not null and partition_id <> ''
  )
  group by source_arn, partition_id, source_at
), before as (
  select hole.*, placed.delivery_id, placed.source_at, placed.record_id, 'before' as border
  from hole asof join placed
    on placed.source_arn = hole.source_arn and placed.partition_id = hole.partition_id and placed.source_at <= hole.from_at
), behind as (
  select hole.*, placed.delivery_id, placed.source_at, placed.record_id, 'behind' as border
  from hole asof join placed
    on placed.source_arn = hole.source_arn and placed.partition_id = hole.partition_id and placed.source_at >= hole.to_at
), bordered as (
  from before union all from behind
)
select source_arn, partition_id as key, delivery_id, coalesce(source_at, from_at) as source_at, border, record_id, hole,
       from_at, to_at, cause
from hole left join (select hole, delivery_id, source_at, record_id, border from bordered) as bordered using (hole)
order by source_arn, key, hole, border, delivery_id
