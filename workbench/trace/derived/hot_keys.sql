-- One row per partition key that is over what a shard takes in a second, or far over its share of the stream.
-- $source_arn: only this stream; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $records_limit: records per second that one shard takes
-- $bytes_limit: bytes per second (data and key) that one shard takes
-- $times_mean: a key is far over its share from so many times the mean key's records
-- $least_records: fewer records of a key, or a shard, than this say nothing about shares
-- -> source_arn VARCHAR: the stream
-- -> key VARCHAR: the partition key
-- -> records BIGINT: records of the key, user records counted singly
-- -> share DOUBLE: its part of the stream's records
-- -> worst_second TIMESTAMP WITH TIME ZONE: the wall-clock second in which it came nearest a limit, or went furthest over
-- -> records_per_second BIGINT: its highest second as the shard's limit counts, an aggregate once
-- -> bytes_per_second BIGINT: its highest second, bytes
-- -> over_limit BOOLEAN: true when a second is over what a shard takes
-- Far over its share also means: more than an even shard's part. Hashes choose candidates; what is told of them is counted exactly.
with put as not materialized (
  select * from puts($source_arn, $since, $until) where key is not null
), keys as materialized (
  select hash(source_arn) as stream, hash(source_arn, partition_id) as shard, hash(source_arn, key) as keyed, count(*) as records,
         sum(millionths)::bigint as millionths, sum(bytes)::bigint as bytes
  from put group by stream, shard, keyed
), streams as (
  select stream, sum(records)::bigint as records, sum(records) / count(distinct keyed) as mean from keys group by stream
), open_shards as (
  select stream, count(distinct shard) as open_shards
  from (select stream, shard from keys
        union select hash(source_arn), hash(source_arn, partition_id) from coverage
        union select hash(source_arn), hash(source_arn, partition_id) from shards)
  where shard not in (select hash(source_arn, unnest(parents)) from shards)
  group by stream
), hashed as (
  select stream, keyed, sum(records)::bigint as records, sum(millionths)::bigint as millionths, sum(bytes)::bigint as bytes
  from keys group by stream, keyed
), heavy as (
  select keyed from hashed where millionths > 1_000_000 * $records_limit or bytes > $bytes_limit
), bursting as (
  select hash(source_arn, key) as keyed from put
  where hash(source_arn, key) in (from heavy) and source_at is not null
  group by keyed, date_trunc('second', source_at)
  having sum(millionths) > 1_000_000 * $records_limit or sum(bytes) > $bytes_limit
), candidates as materialized (
  select keyed from bursting
  union
  select keyed from hashed join streams using (stream) join open_shards using (stream)
  where hashed.records >= $least_records and hashed.records * open_shards > streams.records and hashed.records > $times_mean * mean
), seconds as (
  select source_arn, key, date_trunc('second', source_at) as second, count(*) as records, sum(millionths)::bigint as millionths,
         sum(bytes)::bigint as bytes
  from put where hash(source_arn, key) in (from candidates)
  group by source_arn, key, second
), told as (
  select source_arn, key, sum(records)::bigint as records, max(millionths) filter (second is not null) as millionths,
         max(bytes) filter (second is not null) as bytes
  from seconds group by source_arn, key
), worst as (
  select source_arn, key, second as worst_second from seconds where second is not null
  qualify row_number() over (partition by source_arn, key
    order by greatest(millionths / 1_000_000 / $records_limit, bytes / $bytes_limit) desc, second) = 1
)
select source_arn, key, told.records, told.records / streams.records as share, worst_second,
       ceil(millionths / 1_000_000)::bigint as records_per_second, bytes as bytes_per_second,
       millionths > 1_000_000 * $records_limit or bytes > $bytes_limit as over_limit
from told join worst using (source_arn, key) join streams on streams.stream = hash(source_arn) join open_shards using (stream)
where over_limit
   or told.records >= $least_records and told.records * open_shards > streams.records and told.records > $times_mean * mean
