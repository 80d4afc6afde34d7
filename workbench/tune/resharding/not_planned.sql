-- One row: records of a stream that a shard plan cannot place, each once however often it was read.
-- $source_arn: the stream
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- -> without_source_at BIGINT: no arrival is known, so they may belong to any time
-- -> without_partition_key BIGINT: the service spread them itself, or the key was not captured
select count(distinct record_id) filter (where source_at is null) as without_source_at,
       count(distinct record_id) filter (where source_at is not null and ordering_key is null) as without_partition_key
from records
where source_arn = $source_arn and ($since is null or source_at is null or source_at >= $since)
  and ($until is null or source_at is null or source_at <= $until)
