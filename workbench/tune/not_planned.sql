-- One row: records of a stream that a shard plan cannot place.
-- $source_arn: the stream
-- -> without_source_at BIGINT: no arrival is known
-- -> without_partition_key BIGINT: the service spread them itself, or the key was not captured
select count(*) filter (where source_at is null) as without_source_at,
       count(*) filter (where ordering_key is null) as without_partition_key
from records
where source_arn = $source_arn
