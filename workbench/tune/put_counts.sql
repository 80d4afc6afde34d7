-- One row: how many records of a stream there are, and how many of them have no place in a load.
-- $source_arn: the stream
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- -> kinesis BIGINT: records of Kinesis among all
-- -> records BIGINT: records, each once however often it was captured
-- -> without_instant BIGINT: no arrival instant
-- -> without_key BIGINT: no partition key
-- -> usable BIGINT: both
select count(*) filter (where service = 'aws:kinesis') as kinesis, count(*) as records,
       count(*) filter (where source_at is null) as without_instant,
       count(*) filter (where ordering_key is null) as without_key,
       count(*) filter (where source_at is not null and ordering_key is not null) as usable
from (
  select any_value(service) as service, any_value(source_at) as source_at, any_value(ordering_key) as ordering_key
  from records
  where source_arn = $source_arn and ($since is null or source_at is null or source_at >= $since)
    and ($until is null or source_at is null or source_at <= $until)
  group by record_id
)
