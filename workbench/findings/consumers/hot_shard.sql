-- One row per record of a hot shard's worst second, those of hot keys left out.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $records_limit: records per second that one shard takes
-- $bytes_limit: bytes per second (data and key) that one shard takes
-- $times_mean: a key is far over its share from so many times the mean key's records
-- $least_records: fewer records of a key, or a shard, than this say nothing about shares
-- $times_fair: a shard is far over its share from so many times its fair one
-- $least_keys: a fair share of fewer keys than this says nothing about shards, keys counted by their weight
-- -> source_arn VARCHAR: the stream
-- -> key VARCHAR: the shard
-- -> delivery_id BIGINT: first delivery of a record of the worst second
-- -> source_at TIMESTAMP WITH TIME ZONE: its arrival
-- -> partition_key VARCHAR: its key; null where the service spread it, or several are packed in it
-- -> records_per_second BIGINT: the shard's highest second, an aggregate counted once
-- -> bytes_per_second BIGINT: the shard's highest second, bytes
-- -> share DOUBLE: the shard's part of the records that came while it was open and read
-- -> fair_share DOUBLE: the part that its range of hash keys would have of an even stream in that time
-- -> over_limit BOOLEAN: true when one second is over what a shard takes
-- A shard that was not read whole is compared with nothing. A child is open from its parents' last record on, a parent up to its
-- own last. Where the ranges are not known, shards count as equally wide.
with hot as materialized (
  select source_arn, key
  from hot_keys($source_arn, $since, $until, $records_limit, $bytes_limit, $times_mean, $least_records)
), put as not materialized (
  select * from puts($source_arn, $since, $until) as put
  where not exists (from hot where hot.source_arn = put.source_arn and hot.key = put.key)
), loads as materialized (
  select hash(source_arn, partition_id) as shard, epoch_us(source_at) // 1_000_000 as second, count(*) as records,
         sum(millionths)::bigint as millionths, sum(bytes)::bigint as bytes
  from put where source_at is not null group by shard, second
), described as (
  select source_arn, partition_id, parents, ending_hash_key::double - starting_hash_key::double as width
  from shards qualify row_number() over (partition by source_arn, partition_id order by observed_at desc) = 1
), parents as (
  select source_arn, partition_id, unnest(parents) as parent from described
), read_spans as (
  select source_arn, partition_id, bool_or(state = 'hole') as has_hole,
         min(epoch_us(from_at)) filter (state <> 'hole') // 1_000_000 as from_second,
         max(epoch_us(to_at)) filter (state <> 'hole') // 1_000_000 as to_second
  from coverage where isfinite(from_at) and isfinite(to_at) group by source_arn, partition_id
), named as (
  select distinct source_arn, partition_id, hash(source_arn, partition_id) as shard
  from (select source_arn, partition_id from records where service = 'aws:kinesis'
        union all select source_arn, partition_id from read_spans)
  where source_arn in (select source_arn from records where service = 'aws:kinesis')
), traffic as (
  select source_arn, partition_id, sum(records)::bigint as records, min(second) as first_second, max(second) as last_second
  from named left join loads using (shard) group by source_arn, partition_id
), streams as (
  select source_arn, min(first_second) as first_second, max(last_second) as last_second from traffic group by source_arn
), families as (
  select parents.source_arn, parents.partition_id, max(last_second) as parents_last_second
  from parents join traffic on traffic.source_arn = parents.source_arn and traffic.partition_id = parent
  group by all
), compared as materialized (
  select traffic.source_arn, partition_id, hash(traffic.source_arn, partition_id) as shard, coalesce(traffic.records, 0) as records,
         case when count(*) over of_stream = count(width) over of_stream then width else 1 end as width,
         greatest(streams.first_second, least(from_second, traffic.first_second), parents_last_second) as from_second,
         case when exists (from parents where parents.source_arn = traffic.source_arn and parent = traffic.partition_id)
              then traffic.last_second else least(streams.last_second, greatest(to_second, traffic.last_second)) end as to_second
  from traffic join streams using (source_arn) left join described using (source_arn, partition_id)
    left join read_spans using (source_arn, partition_id) left join families using (source_arn, partition_id)
  where not coalesce(has_hole, false)
  window of_stream as (partition by traffic.source_arn)
), beside as (
  select it.source_arn, it.partition_id,
         it.width * (it.to_second - it.from_second + 1)
           / sum(other.width * greatest(0, least(it.to_second, other.to_second) - greatest(it.from_second, other.from_second) + 1))
         as fair_share
  from compared as it join compared as other using (source_arn)
  where it.to_second >= it.from_second
  group by it.source_arn, it.partition_id, it.width, it.to_second, it.from_second
), stream_seconds as (
  select source_arn, second, sum(loads.records)::bigint as records
  from loads join compared using (shard) group by source_arn, second
), spans as (
  select source_arn, from_second, to_second, sum(stream_seconds.records)::bigint as records
  from (select distinct source_arn, from_second, to_second from compared) join stream_seconds using (source_arn)
  where second between from_second and to_second
  group by source_arn, from_second, to_second
), crowded as (
  select compared.*, fair_share, compared.records / spans.records as share,
         compared.records >= $least_records and share > $times_fair * fair_share as is_crowded
  from compared left join beside using (source_arn, partition_id) left join spans using (source_arn, from_second, to_second)
), weights as (
  select source_arn, sum(records)::double * sum(records)::double
           / sum(case when key is null then records else records * records end)::double as keys
  from (
    select source_arn, key, count(*)::hugeint as records from put
    where source_at is not null and source_arn in (select source_arn from crowded where is_crowded)
    group by source_arn, key)
  group by source_arn
), shared as (
  select crowded.*, is_crowded and keys * fair_share >= $least_keys as over_share from crowded left join weights using (source_arn)
), worst as (
  select source_arn, partition_id, share, fair_share, over_share, second, max(loads.millionths) over of_shard as millionths,
         max(loads.bytes) over of_shard as bytes
  from loads join named using (shard) left join shared using (source_arn, partition_id)
  window of_shard as (partition by shard)
  qualify row_number() over (partition by shard
      order by greatest(loads.millionths / 1_000_000 / $records_limit, loads.bytes / $bytes_limit) desc, second) = 1
), hottest as materialized (
  select *, millionths > 1_000_000 * $records_limit or bytes > $bytes_limit as over_limit from worst where over_limit or over_share
)
select source_arn, partition_id as key, min(delivery_id) as delivery_id, min(source_at) as source_at,
       case when count(distinct put.key) = 1 and count(put.key) = count(*) then min(put.key) end as partition_key,
       ceil(hottest.millionths / 1_000_000)::bigint as records_per_second, hottest.bytes as bytes_per_second, share, fair_share, over_limit
from hottest join put using (source_arn, partition_id)
where epoch_us(put.source_at) // 1_000_000 = second
group by source_arn, partition_id, sequence_number, hottest.millionths, hottest.bytes, share, fair_share, over_limit
order by source_arn, key, delivery_id
