-- One row per record of a hot key's worst second.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $records_limit: records per second that one shard takes
-- $bytes_limit: bytes per second (data and key) that one shard takes
-- $times_mean: a key is far over its share from so many times the mean key's records
-- $least_records: fewer records of a key than this say nothing about shares
-- -> source_arn VARCHAR: the stream
-- -> key VARCHAR: the partition key
-- -> delivery_id BIGINT: a record of the worst second
-- -> source_at TIMESTAMP WITH TIME ZONE: its arrival
-- -> records_per_second BIGINT: the key's highest second
-- -> bytes_per_second BIGINT: the key's highest second, bytes
-- -> share DOUBLE: the key's part of the stream's records
-- -> over_limit BOOLEAN: true when one second is over what a shard takes
-- A key is far over its share when it alone brings more than an even shard's part of the stream.
with put as (
  select source_arn, partition_id, ordering_key as key, delivery_id, source_at, date_trunc('second', source_at) as second,
         body_bytes + octet_length(encode(ordering_key)) as bytes
  from records
  where service = 'aws:kinesis' and ordering_key is not null and ($source_arn is null or source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
  qualify row_number() over (partition by source_arn, partition_id, sequence_number order by delivery_id) = 1
), seconds as (
  select source_arn, key, second, count(*) as records, sum(bytes) as bytes from put group by source_arn, key, second
), keys as (
  select source_arn, key, sum(records) as records, max(records) as records_per_second, max(bytes) as bytes_per_second,
         arg_max(second, greatest(records / $records_limit, bytes / $bytes_limit)) as worst_second
  from seconds group by source_arn, key
), shards as (
  select source_arn, count(distinct partition_id) as shards
  from (select source_arn, partition_id from put union select source_arn, partition_id from coverage) group by source_arn
), judged as (
  select keys.*, records / sum(records) over (partition by source_arn)::double as share,
         records_per_second > $records_limit or bytes_per_second > $bytes_limit as over_limit,
         records >= $least_records and share * shards.shards > 1
           and records > $times_mean * avg(records) over (partition by source_arn) as over_share
  from keys join shards using (source_arn)
)
select put.source_arn, put.key, delivery_id, source_at, records_per_second::bigint as records_per_second,
       bytes_per_second::bigint as bytes_per_second, share, over_limit
from put join judged on put.source_arn = judged.source_arn and put.key = judged.key and put.second = judged.worst_second
where over_limit or over_share
order by source_arn, key, delivery_id
