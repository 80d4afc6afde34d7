-- One row per partition key of a stream, in the order of the hash keys.
-- $source_arn: the stream
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- -> partition_key VARCHAR: the key
-- -> hash VARCHAR: its MD5, 32 hexadecimal digits: the hash key, big-endian
-- -> shard_ids VARCHAR[]: the shards that its records were read from
select ordering_key as partition_key, md5(ordering_key) as hash, list_sort(list(distinct partition_id)) as shard_ids
from records
where source_arn = $source_arn and ordering_key is not null and source_at is not null
  and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
group by ordering_key
order by hash
