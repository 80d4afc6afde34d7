-- One row per rule that came late, twice or while its last run was still worked on.
-- $source_arn: only this source; null for all
-- $since: earliest time of a run; null for no bound
-- $until: latest time of a run; null for no bound
-- $tolerance_ms: a run may be so much later than its schedule says, ms
-- -> rule_arn VARCHAR: the rule
-- -> late BIGINT: runs whose target had them more than the tolerance after their own time
-- -> doubled BIGINT: runs beyond the first with one time
-- -> overlapping BIGINT: runs whose invocation was still going when the next run began
with run as (
  select source_arn, rule_arn, run_at, seen_at, log_group, request_id,
         lead(run_at) over (partition by source_arn, rule_arn order by run_at, event_id) as next_at
  from scheduled_runs
  where ($source_arn is null or source_arn = $source_arn) and ($since is null or run_at >= $since) and ($until is null or run_at <= $until)
), ended as (
  select source_arn as log_group, request_id, max(ended_at) as ended_at from invocations_observed group by all
)
select rule_arn, count(*) filter (seen_at > run_at + to_milliseconds($tolerance_ms)) as late, count(*) filter (next_at = run_at) as doubled,
       count(*) filter (ended_at > next_at and next_at > run_at) as overlapping
from run left join ended using (log_group, request_id)
group by rule_arn
having late > 0 or doubled > 0 or overlapping > 0
order by rule_arn
