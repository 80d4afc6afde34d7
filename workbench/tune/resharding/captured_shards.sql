-- One row per shard that records of a stream were captured from.
-- $source_arn: the stream
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- -> shard_id VARCHAR: its id
-- -> shard UBIGINT: hash of the id, as in `arrivals`
select distinct partition_id as shard_id, hash(partition_id) as shard
from records
where source_arn = $source_arn and ordering_key is not null and source_at is not null
  and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
order by shard_id
