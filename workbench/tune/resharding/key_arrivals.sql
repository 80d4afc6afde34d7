-- One row per hash key of a stream, ascending: all that was put under it, each record once however often it was read.
-- $source_arn: the stream
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- -> hash_key BLOB: MD5 of the partition key, 16 bytes, big-endian
-- -> partition_key VARCHAR: the key; the first one where several have the same MD5
-- -> arrived_us BIGINT[]: arrivals, microseconds since 1970, ascending
-- -> bytes BIGINT[]: data and UTF-8 key of each arrival, in the same order
with put as (
  select any_value(ordering_key) as ordering_key, any_value(epoch_us(source_at)) as arrived_us,
         any_value(body_bytes + octet_length(encode(ordering_key))) as bytes
  from records
  where source_arn = $source_arn and ordering_key is not null and source_at is not null
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
  group by record_id
)
select unhex(md5(ordering_key)) as hash_key, min(ordering_key) as partition_key,
       list(arrived_us order by arrived_us, bytes) as arrived_us, list(bytes::BIGINT order by arrived_us, bytes) as bytes
from put
group by hash_key
order by hash_key
