-- One row per function and stretch of time in which it ran: how many instances were busy at once.
-- $source_arn: only this log group; null for all
-- $since: earliest begin of a stretch; null for no bound
-- $until: latest begin of a stretch; null for no bound
-- $bucket_s: length of a stretch, seconds
-- $idle_ms: an instance that was ready so long before START was initialised ahead, ms
-- -> source_arn VARCHAR: log group
-- -> bucket_at TIMESTAMP WITH TIME ZONE: when the stretch begins, a multiple of its length since 1970
-- -> peak BIGINT: most instances busy at one instant of it
-- -> average DOUBLE: instances busy on average over the whole stretch
-- -> started BIGINT: invocations begun in it
-- -> unplaced BIGINT: invocations of the function without an instant or a length, in no figure here
-- -> maximum_concurrency BIGINT: ScalingConfig.MaximumConcurrency of its mappings, added up; null where one has none
-- An instance is busy from the begin of the initialisation that a request waits for to the end of its handler. Every begin and end
-- counts, so the peak is exact to what the lines tell: milliseconds for the begin, microseconds for the length.
with run as (
  select source_arn, invocation.started_at, ended_at, duration_ms,
         case when cold and coalesce(idle_ms, 0) <= $idle_ms then coalesce(invocation.init_ms, 0) else 0 end as waited_ms,
         coalesce(invocation.started_at, ended_at - to_microseconds((duration_ms * 1_000)::bigint)) as handler_at,
         handler_at - to_microseconds((waited_ms * 1_000)::bigint) as from_at,
         greatest(coalesce(handler_at + to_microseconds((duration_ms * 1_000)::bigint), ended_at), from_at + interval 1 microsecond)
           as to_at
  from invocations_observed as invocation left join initialisations using (source_arn, request_id, attempt)
  where $source_arn is null or source_arn = $source_arn
), busy as materialized (
  select source_arn, from_at, to_at from run where from_at is not null and coalesce(duration_ms is not null or ended_at is not null, false)
), missed as (
  select source_arn, count(*) filter (from_at is null or duration_ms is null and ended_at is null) as unplaced
  from run group by source_arn
), steps as (
  select source_arn, step_at, sum(step) as step
  from (select source_arn, from_at as step_at, 1 as step from busy union all select source_arn, to_at, -1 from busy)
  group by source_arn, step_at
), levels as (
  select source_arn, step_at as from_at, lead(step_at) over by_time as to_at, sum(step) over by_time as level
  from steps window by_time as (partition by source_arn order by step_at)
), pieces as (
  select source_arn, level, from_at, to_at,
         unnest(generate_series(time_bucket(to_seconds($bucket_s), from_at, timestamptz '1970-01-01 00:00Z'),
                                to_at - interval 1 microsecond, to_seconds($bucket_s))) as bucket_at
  from levels where level > 0
), begun as (
  select source_arn, time_bucket(to_seconds($bucket_s), from_at, timestamptz '1970-01-01 00:00Z') as bucket_at, count(*) as started
  from busy group by all
), caps as (
  select log_group as source_arn, case when count(*) = count(maximum_concurrency) then sum(maximum_concurrency)::bigint end as cap
  from (from event_source_mappings qualify row_number() over (partition by mapping_id order by observed_at desc, document) = 1)
  where state is distinct from 'Disabled' group by log_group
)
select source_arn, bucket_at, max(level)::bigint as peak,
       sum(level * date_diff('microsecond', greatest(from_at, bucket_at), least(to_at, bucket_at + to_seconds($bucket_s))))::double
         / (1_000_000 * $bucket_s) as average,
       coalesce(any_value(started), 0) as started, any_value(unplaced) as unplaced, any_value(cap) as maximum_concurrency
from pieces left join begun using (source_arn, bucket_at) left join missed using (source_arn) left join caps using (source_arn)
where ($since is null or bucket_at >= $since) and ($until is null or bucket_at <= $until)
group by source_arn, bucket_at
order by source_arn, bucket_at
