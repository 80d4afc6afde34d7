-- One row per source, function and window in which the function tried records of the source.
-- $source_arn: only this source; null for all
-- $since: earliest start of an attempt; null for no bound
-- $until: latest start of an attempt; null for no bound
-- $attempts_window_ms: attempts and arrivals are counted by windows of this length, ms
-- -> source_arn VARCHAR: the source
-- -> log_group VARCHAR: of the function
-- -> from_at TIMESTAMP WITH TIME ZONE: start of the window
-- -> attempts BIGINT: records given to invocations that began in it, each time they were
-- -> retries BIGINT: of those, of records that the function had been given before
-- -> succeeded BIGINT: of the attempts, that went well and whose record did not come again
-- -> arrivals BIGINT: captured records that arrived in it
-- -> amplification DOUBLE: attempts for each arrival; null where nothing arrived
with attempt as (
  select source_arn, log_group, started_at, row_number() over along as nth,
         status = 'success' and lead(request_id) over along is null as is_good
  from handlings
  where certainty = 1 and started_at is not null and ($source_arn is null or source_arn = $source_arn)
  window along as (partition by source_arn, partition_id, record_id, log_group order by started_at, request_id, attempt)
), counted as materialized (
  select source_arn, log_group, time_bucket(to_milliseconds($attempts_window_ms), started_at) as from_at, count(*) as attempts,
         count(*) filter (nth > 1) as retries, count(*) filter (is_good) as succeeded
  from attempt
  where ($since is null or started_at >= $since) and ($until is null or started_at <= $until)
  group by all
), arrived as (
  select source_arn, time_bucket(to_milliseconds($attempts_window_ms), source_at) as from_at, count(distinct hash(partition_id, record_id)) as arrivals
  from records
  where service in ('aws:sqs', 'aws:sns', 'aws:kinesis', 'aws:dynamodb') and source_arn in (select source_arn from counted)
  group by all
)
select source_arn, log_group, from_at, attempts, retries, succeeded, coalesce(arrivals, 0) as arrivals, attempts / nullif(arrivals, 0) as amplification
from counted left join arrived using (source_arn, from_at)
order by source_arn, log_group, from_at
