-- One row: records of a stream that a shard plan cannot place, each once however often it was read.
-- $source_arn: the stream
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- -> without_source_at BIGINT: no arrival is known, so they may belong to any time
-- -> without_partition_key BIGINT: the service spread them itself, or the key was not captured
-- -> bytes_without_partition_key BIGINT: their data
-- -> first_at TIMESTAMP WITH TIME ZONE: first arrival without a partition key
-- -> last_at TIMESTAMP WITH TIME ZONE: last one
with left_out as (
  select any_value(source_at) as source_at, any_value(body_bytes) as body_bytes
  from records
  where source_arn = $source_arn and (source_at is null or ordering_key is null)
    and ($since is null or source_at is null or source_at >= $since)
    and ($until is null or source_at is null or source_at <= $until)
  group by record_id
)
select count(*) filter (where source_at is null) as without_source_at, count(source_at) as without_partition_key,
       coalesce(sum(body_bytes) filter (where source_at is not null), 0)::BIGINT as bytes_without_partition_key,
       min(source_at) as first_at, max(source_at) as last_at
from left_out
