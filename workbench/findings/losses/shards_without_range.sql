-- One row per shard that holds aggregates and whose range of hash keys is not known.
-- $source_arn: only this source; null for all
-- -> source_arn VARCHAR: the stream
-- -> partition_id VARCHAR: the shard
-- -> aggregates BIGINT: deliveries of aggregates in it
-- -> others BIGINT: deliveries of aggregates in shards of which it is known, in all streams asked for
with held as (
  select source_arn, partition_id, count(distinct delivery_id) as aggregates
  from (select distinct delivery_id from user_records) join records using (delivery_id)
  where $source_arn is null or source_arn = $source_arn
  group by source_arn, partition_id
), ranged as (
  select distinct source_arn, partition_id from shards where starting_hash_key is not null and ending_hash_key is not null
)
select source_arn, partition_id, aggregates,
       (select coalesce(sum(aggregates), 0)::bigint from held semi join ranged using (source_arn, partition_id)) as others
from held anti join ranged using (source_arn, partition_id)
order by source_arn, partition_id
