-- One row per run beside an expected one that did not come: the last before it, the first after it.
-- $source_arn: only this source; null for all
-- $since: earliest time of a run; null for no bound
-- $until: latest time of a run; null for no bound
-- $tolerance_ms: a run may be so much later than its schedule says, ms
-- $regular_share: a schedule is believed where so much of what came keeps to it
-- $least_runs: fewer runs than this tell no schedule of themselves
-- -> source_arn VARCHAR: bus, queue or topic that shows the rule's runs
-- -> key VARCHAR: rule@instant
-- -> delivery_id BIGINT: the run beside it
-- -> source_at TIMESTAMP WITH TIME ZONE: its time
-- -> rule_arn VARCHAR: the rule
-- -> expected_at TIMESTAMP WITH TIME ZONE: when it should have come
-- -> schedule VARCHAR: the rule's expression; null where the runs themselves tell it
-- -> certainty DOUBLE: 1 where the rule is known and the instant was read, else the part of the expected runs that came
-- Claimed between two runs only, where nothing says that the instant was not read, and while the rule was enabled and the same
-- whenever it was looked at; where nothing proves that the instant was read, nearly all other runs must have come. Where a function
-- prints its events, an invocation that printed none may be the run: no claim.
-- A schedule that only its runs tell is claimed for one missing run within an hour in which others came, at a minute at which it
-- also came in another hour: no hour or day that a cron() leaves out can look like it.
with run as materialized (
  select *, lead(run_at) over of_rule as next_at, lead(delivery_id) over of_rule as next_delivery_id, min(run_at) over whole as first_at,
         max(run_at) over whole as last_at, count(*) over whole as runs
  from scheduled_runs
  where ($source_arn is null or source_arn = $source_arn) and ($since is null or run_at >= $since) and ($until is null or run_at <= $until)
  window of_rule as (partition by source_arn, rule_arn order by run_at, event_id), whole as (partition by source_arn, rule_arn)
), rules as (
  select source_arn as rule_arn, min(document->>'$.ScheduleExpression') as schedule,
         count(distinct coalesce(document->>'$.ScheduleExpression', '')) = 1
           and bool_and(starts_with(coalesce(document->>'$.State', 'ENABLED'), 'ENABLED')) as is_steady
  from resources where kind = 'describe-rule' and json_valid(document) group by source_arn
), by_cron as (
  select source_arn, rule_arn, schedule, runs, unnest(cron_schedule(schedule, first_at, last_at)) as expected_at
  from (select distinct source_arn, rule_arn, first_at, last_at, runs from run) join rules using (rule_arn) where is_steady
), of_cron as (
  select by_cron.source_arn, by_cron.rule_arn, schedule, expected_at, by_cron.runs, count(run_at) as came
  from by_cron left join run
    on run.source_arn = by_cron.source_arn and run.rule_arn = by_cron.rule_arn
   and run_at >= expected_at - interval 1 second and run_at < expected_at + to_milliseconds($tolerance_ms)
  group by all
), cron_totals as (
  select source_arn, rule_arn, count(*) filter (came > 0) / count(*) as came, sum(came) / any_value(runs) as kept
  from of_cron group by source_arn, rule_arn
), missed_cron as (
  select of_cron.source_arn, of_cron.rule_arn, schedule, expected_at, cron_totals.came
  from of_cron join cron_totals using (source_arn, rule_arn)
  where of_cron.came = 0 and kept >= $regular_share
), gaps as (
  select source_arn, rule_arn, delivery_id, run_at, next_at, runs, epoch_ms(next_at) - epoch_ms(run_at) as gap_ms, schedule, is_steady
  from run left join rules using (rule_arn) where next_at > run_at
), minutes as (
  select source_arn, rule_arn, round(gap_ms / 60_000)::bigint * 60_000 as period_ms, count(*) as alike,
         sum(count(*)) over (partition by source_arn, rule_arn) as all_gaps
  from gaps where schedule is null group by source_arn, rule_arn, period_ms
), periods as (
  select source_arn, rule_arn, null as schedule, period_ms, alike / all_gaps as kept from minutes
  where period_ms > 0 and all_gaps + 1 >= $least_runs and kept >= $regular_share and $regular_share > 0.5
  union all
  select source_arn, rule_arn, schedule, rate_period(schedule) as period_ms,
         count(*) filter (abs(gap_ms - round(gap_ms / period_ms) * period_ms) <= $tolerance_ms) / count(*) as kept
  from gaps where is_steady and rate_period(schedule) is not null group by source_arn, rule_arn, schedule
), missed_periods as (
  select gaps.source_arn, gaps.rule_arn, periods.schedule, period_ms, gap_ms, run_at, round(gap_ms / period_ms)::bigint as times, kept
  from gaps join periods using (source_arn, rule_arn)
  where kept >= $regular_share and times > 1 and abs(gap_ms - times * period_ms) <= $tolerance_ms
), rate_totals as (
  select source_arn, rule_arn, any_value(runs) / (any_value(runs) + sum(times - 1)) as came
  from missed_periods join (select distinct source_arn, rule_arn, runs from run) using (source_arn, rule_arn) group by source_arn, rule_arn
), missed_rate as (
  select source_arn, rule_arn, schedule, came, run_at + to_milliseconds(unnest(range(1, times)) * gap_ms // times) as expected_at
  from missed_periods join rate_totals using (source_arn, rule_arn) where schedule is not null
  union all
  select source_arn, rule_arn, null, came, run_at + to_milliseconds(period_ms) as expected_at
  from missed_periods join rate_totals using (source_arn, rule_arn)
  where schedule is null and times = 2 and gap_ms <= 3_600_000
    and exists (from run where run.source_arn = missed_periods.source_arn and run.rule_arn = missed_periods.rule_arn
                  and minute(run.run_at) = minute(expected_at)
                  and date_trunc('hour', run.run_at) <> date_trunc('hour', expected_at))
), missed as (
  select * from missed_cron union all by name select * from missed_rate
), shown_by as (
  select distinct source_arn, rule_arn, source_arn as shower from scheduled_runs where log_group is null
  union select source_arn, rule_arn, log_group from scheduled_runs where log_group is not null
), looked_at as (
  select missed.*,
         bool_or(exists (from coverage where coverage.source_arn = shower and state = 'hole'
                           and from_at <= expected_at + to_milliseconds($tolerance_ms) and to_at >= expected_at)) as is_in_hole,
         bool_and(exists (from coverage where coverage.source_arn = shower and state <> 'hole'
                            and from_at <= expected_at and to_at >= expected_at)) as is_covered,
         bool_and(exists (from coverage where coverage.source_arn = shower and state in ('read', 'sealed')
                            and from_at <= expected_at and to_at >= expected_at)) as is_read,
         bool_or(exists (from coverage where coverage.source_arn = shower and state <> 'hole')) as has_coverage,
         bool_or(exists (from invocations_observed as silent where silent.source_arn = shower
                           and started_at >= expected_at - interval 1 second
                           and started_at < expected_at + to_milliseconds($tolerance_ms)
                           and not exists (from scheduled_runs as printed
                                           where printed.log_group = shower and printed.request_id = silent.request_id))) as is_silent
  from missed join shown_by using (source_arn, rule_arn)
  group by all
), claimed as (
  select *, case when is_read and schedule is not null then 1 else came end as certainty from looked_at
  where not is_in_hole and not is_silent and (is_covered or not has_coverage) and (is_read or came >= $regular_share)
), beside as (
  select claimed.*, max(run_at) filter (run_at < expected_at) as before_at, min(run_at) filter (run_at > expected_at) as after_at
  from claimed join run using (source_arn, rule_arn) group by all
)
select beside.source_arn, format('{}@{}', beside.rule_arn, strftime(expected_at, '%Y-%m-%dT%H:%M:%SZ')) as key, delivery_id,
       run_at as source_at, beside.rule_arn, expected_at, schedule, certainty
from beside join run on run.source_arn = beside.source_arn and run.rule_arn = beside.rule_arn and run_at in (before_at, after_at)
order by source_arn, key, source_at, delivery_id
