-- One row per line in which Lambda tells of an invocation that had to wait for its instance to be initialised.
-- $source_arn: only this source; null for all
-- $since: earliest START; null for no bound
-- $until: latest START; null for no bound
-- $idle_ms: an instance that was ready so long before START was initialised ahead, ms
-- $least_invocations: a p99 of fewer invocations is only their slowest
-- $p99_init_share: initialisation dominates from this part of the p99
-- -> source_arn VARCHAR: log group
-- -> key VARCHAR: request id
-- -> attempt BIGINT: of an asynchronous invocation that was retried under its id
-- -> delivery_id BIGINT: the line, its first delivery
-- -> source_at TIMESTAMP WITH TIME ZONE: its instant
-- -> line_type VARCHAR: init_start, start, report ...
-- -> log_stream VARCHAR: the instance
-- -> version VARCHAR: of the function
-- -> init_ms DOUBLE: initialisation; null where no line says how long it took
-- -> running BIGINT: invocations of the function that ran beside it when it began
-- -> is_peak BOOLEAN: more ran at once with it than ever before in the trace
-- -> is_first_of_version BOOLEAN: the version's first invocation in the trace, after those of another
-- -> invocations BIGINT: of the log group
-- -> restored BIGINT: of those, begun on an instance restored from a snapshot
-- -> ahead BIGINT: of those, begun on an instance initialised ahead
-- -> p99_ms DOUBLE: of initialisation and handler
-- -> p99_share DOUBLE: part of the p99 that goes when initialisation is left out
-- -> dominates BOOLEAN: true when that part is large, and the p99 is one
with run as materialized (
  select invocation.source_arn, request_id, attempt, invocation.version, invocation.started_at, invocation.ended_at, duration_ms,
         invocation.restore_ms is not null as is_restored, initialised.idle_ms > $idle_ms as is_ahead,
         coalesce(cold, false) and not coalesce(is_ahead, false) as is_cold, case when is_cold then invocation.init_ms end as init_ms,
         invocation.log_stream, invocation.first_delivery_id, invocation.last_delivery_id,
         coalesce(invocation.started_at, invocation.ended_at) as began_at
  from invocations_observed as invocation left join initialisations as initialised using (source_arn, request_id, attempt)
  where ($source_arn is null or source_arn = $source_arn)
    and ($since is null or began_at >= $since) and ($until is null or began_at <= $until)
), totals as (
  select source_arn, count(*) as invocations, count(*) filter (is_restored) as restored, count(*) filter (is_ahead) as ahead,
         quantile_cont(duration_ms + coalesce(init_ms, 0), 0.99) as p99_ms,
         1 - quantile_cont(duration_ms, 0.99) / nullif(p99_ms, 0) as p99_share,
         coalesce(count(duration_ms) >= $least_invocations and p99_share >= $p99_init_share, false) as dominates
  from run group by source_arn having bool_or(is_cold)
), busy as (
  select source_arn, request_id, attempt, is_cold, started_at,
         greatest(coalesce(started_at + to_microseconds((duration_ms * 1_000)::bigint), ended_at), started_at) as until_at
  from run where started_at is not null and source_arn in (select source_arn from totals)
), changes_of_level as (
  select source_arn, started_at as step_at, 1 as turn, 0 as step, request_id, attempt from busy where is_cold
  union all select source_arn, started_at, 2, 1, null, null from busy where until_at is not null
  union all select source_arn, until_at, 0, -1, null, null from busy where until_at is not null
), levels as (
  select *, sum(step) over until_now as level from changes_of_level
  window until_now as (partition by source_arn order by step_at, turn rows unbounded preceding)
), beside as (
  select source_arn, request_id, attempt, level::bigint as running, level + 1 > coalesce(highest, 0) as is_peak
  from (select *, max(level) over before as highest from levels
        window before as (partition by source_arn order by step_at, turn rows between unbounded preceding and 1 preceding))
  where turn = 1
), versions as (
  select source_arn, version, min(began_at) as first_at, min(first_at) over (partition by source_arn) as earliest_at
  from run where version is not null group by source_arn, version
)
select run.source_arn, run.request_id as key, run.attempt, min(line.delivery_id) as delivery_id, line.source_at, line.line_type,
       run.log_stream, run.version, run.init_ms, running, coalesce(is_peak, false) as is_peak,
       coalesce(began_at = first_at and first_at > earliest_at, false) as is_first_of_version, invocations, restored, ahead, p99_ms,
       p99_share, dominates
from run join totals using (source_arn) left join beside using (source_arn, request_id, attempt)
  left join versions using (source_arn, version)
  join log_lines as line on line.source_arn = run.source_arn and line.log_stream = run.log_stream
   and line.delivery_id between first_delivery_id and last_delivery_id
   and (line.request_id = run.request_id and line.line_type in ('start', 'report')
        or line.request_id is null and line.line_type in ('init_start', 'init_runtime_done', 'init_report'))
where is_cold
group by all
order by source_arn, key, attempt, source_at, line_type, delivery_id
