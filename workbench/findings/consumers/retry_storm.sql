-- One row per record that was retried in a storm, and per first and last log line of each request that retried it.
-- $source_arn: only this source; null for all
-- $since: earliest start of an attempt; null for no bound
-- $until: latest start of an attempt; null for no bound
-- $attempts_window_ms: attempts and arrivals are counted by windows of this length, ms
-- $least_amplification: attempts for each arrival, and for each first attempt, from which on a window is one of a storm
-- $most_goodput: at most so much of a window's attempts went well for good
-- $least_retried: so many records were retried in a storm
-- -> source_arn VARCHAR: the source
-- -> key VARCHAR: the source
-- -> delivery_id BIGINT: first delivery of a retried record, or a line
-- -> source_at TIMESTAMP WITH TIME ZONE: its instant
-- -> log_group VARCHAR: of the function that retried
-- -> storm_from TIMESTAMP WITH TIME ZONE: start of the storm's first window
-- -> storm_to TIMESTAMP WITH TIME ZONE: end of its last
-- -> attempts BIGINT: in the storm
-- -> arrivals BIGINT: records that arrived in the storm
-- -> retried BIGINT: records that were tried again in the storm
-- -> succeeded BIGINT: attempts that went well for good
-- -> amplification DOUBLE: attempts for each arrival; where nothing arrived, the attempts
-- An attempt went well for good when its invocation succeeded and the record did not come again, as it does after a partial answer.
-- First attempts of what had waited are no retries. A stream's window counts where it was read whole, any source's outside holes. One
-- batch that is tried over and over is no storm: the retrying requests of a storm begin with different records.
with numbered_attempt as (
  select source_arn, partition_id, record_id, log_group, request_id, attempt, started_at, first_line_id, last_line_id,
         row_number() over along as nth, status = 'success' and lead(request_id) over along is null as is_good
  from handlings
  where certainty = 1 and started_at is not null and ($source_arn is null or source_arn = $source_arn)
  window along as (partition by source_arn, partition_id, record_id, log_group order by started_at, request_id, attempt)
), attempt as materialized (
  select *, time_bucket(to_milliseconds($attempts_window_ms), started_at) as window_at,
         min(record_id) over (partition by source_arn, log_group, request_id, attempt) as batch
  from numbered_attempt
  where ($since is null or started_at >= $since) and ($until is null or started_at <= $until)
), counted as (
  select source_arn, log_group, window_at, count(*) as attempts, count(*) filter (nth > 1) as retries, count(*) filter (is_good) as succeeded
  from attempt group by source_arn, log_group, window_at
), suspect as materialized (
  select * from counted
  where attempts >= $least_amplification * (attempts - retries) and succeeded <= $most_goodput * attempts
), arrived as materialized (
  select source_arn, window_at, count(distinct (partition_id, record_id)) as arrivals
  from (select source_arn, partition_id, record_id, time_bucket(to_milliseconds($attempts_window_ms), source_at) as window_at
        from records
        where service in ('aws:sqs', 'aws:sns', 'aws:kinesis', 'aws:dynamodb') and source_arn in (select source_arn from suspect)
          and source_at >= (select min(window_at) from suspect) and source_at < (select max(window_at) from suspect) + to_milliseconds($attempts_window_ms))
    semi join suspect using (source_arn, window_at)
  group by source_arn, window_at
), read_span as (
  select source_arn, min(from_at) as from_at, max(to_at) as to_at from coverage where state <> 'hole' group by source_arn
), stormy as (
  select suspect.*, coalesce(arrivals, 0) as arrivals
  from suspect left join arrived using (source_arn, window_at) left join read_span using (source_arn)
  where attempts >= $least_amplification * greatest(coalesce(arrivals, 0), 1)
    and (not regexp_matches(source_arn, '^arn:[^:]*:(kinesis|dynamodb):') or coalesce(window_at >= from_at and window_at + to_milliseconds($attempts_window_ms) <= to_at, true))
    and not exists (from coverage as hole
                    where hole.state = 'hole' and hole.source_arn = suspect.source_arn
                      and hole.from_at < window_at + to_milliseconds($attempts_window_ms) and hole.to_at > window_at)
), numbered as (
  select *, sum(case when goes_on then 0 else 1 end) over (partition by source_arn, log_group order by window_at rows unbounded preceding) as storm
  from (select *, window_at - lag(window_at) over (partition by source_arn, log_group order by window_at) <= to_milliseconds($attempts_window_ms) as goes_on
        from stormy)
), storms as (
  select source_arn, log_group, storm, min(window_at) as storm_from, max(window_at) + to_milliseconds($attempts_window_ms) as storm_to,
         sum(attempts)::bigint as attempts, sum(arrivals)::bigint as arrivals, sum(succeeded)::bigint as succeeded
  from numbered group by source_arn, log_group, storm
), again as materialized (
  select attempt.*, storm from attempt join numbered using (source_arn, log_group, window_at) where nth > 1
), told as materialized (
  select storms.*, retried, attempts / greatest(arrivals, 1) as amplification
  from storms join (
    select source_arn, log_group, storm, count(distinct (partition_id, record_id)) as retried, count(distinct batch) as batches
    from again group by source_arn, log_group, storm) using (source_arn, log_group, storm)
  where retried >= $least_retried and batches > 1
), witness as (
  select distinct source_arn, log_group, storm, unnest([first_line_id, last_line_id]) as delivery_id
  from again semi join told using (source_arn, log_group, storm)
  union all
  select source_arn, log_group, storm, min(records.delivery_id)
  from (select distinct source_arn, log_group, storm, partition_id, record_id from again semi join told using (source_arn, log_group, storm)) as again
    join records using (source_arn, partition_id, record_id)
  group by source_arn, log_group, storm, partition_id, record_id
)
select told.source_arn, told.source_arn as key, delivery_id, source_at, told.log_group, storm_from, storm_to, attempts, arrivals, retried, succeeded,
       amplification
from witness join told using (source_arn, log_group, storm) join (select delivery_id, source_at from records) as stood using (delivery_id)
order by source_arn, key, storm_from, log_group, delivery_id
