-- One row per partition key of a stream, in the order of their hash keys.
-- $source_arn: the stream
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- -> hash_key BLOB: MD5 of the partition key, 16 bytes, big-endian
-- -> partition_key VARCHAR: the key
-- -> key UBIGINT: its hash, as in `arrivals`
with put as (
  select distinct ordering_key
  from records
  where source_arn = $source_arn and ordering_key is not null and source_at is not null
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
)
select unhex(md5(ordering_key)) as hash_key, ordering_key as partition_key, hash(ordering_key) as key
from put
order by hash_key, partition_key
