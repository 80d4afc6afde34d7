-- One row per captured shard and second with traffic, as it was when it was captured.
-- $source_arn: the stream
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- -> shard VARCHAR: shard id
-- -> second TIMESTAMP WITH TIME ZONE: start of the wall-clock second
-- -> records BIGINT: records put in it
-- -> bytes BIGINT: data and UTF-8 keys
with put as (
  select any_value(partition_id) as partition_id, any_value(source_at) as source_at,
         any_value(body_bytes + octet_length(encode(ordering_key))) as bytes
  from records
  where source_arn = $source_arn and ordering_key is not null and source_at is not null
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
  group by record_id
)
select partition_id as shard, date_trunc('second', source_at) as second, count(*) as records, sum(bytes)::BIGINT as bytes
from put
group by shard, second
order by shard, second
