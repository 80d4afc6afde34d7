-- One row per partition key of a stream, in the order of the hash keys.
-- $source_arn: the stream
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- -> partition_key VARCHAR: the key
-- -> hash VARCHAR: its MD5, 32 hexadecimal digits: the hash key, big-endian
-- -> shard_ids VARCHAR[]: the shards that its records were read from
with put as (
  select any_value(ordering_key) as key, any_value(partition_id) as shard_id
  from records
  where source_arn = $source_arn and ordering_key is not null and source_at is not null
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
  group by record_id
)
select key as partition_key, md5(key) as hash, list_sort(list(distinct shard_id)) as shard_ids
from put group by key order by hash
