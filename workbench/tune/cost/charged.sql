-- One row per log group: what its invocations are billed, as they say themselves and by a day's rules.
-- $source_arns: the log groups; null for all
-- $billing_step_ms: duration is rounded up to a multiple of it
-- -> source_arn VARCHAR: the log group
-- -> invocations BIGINT: attempts, each billed as a request
-- -> without_duration BIGINT: of these, those whose duration or memory was not logged: requests only
-- -> observed_s DOUBLE: billed duration as REPORT says it; by the rules without initialisation where it does not
-- -> observed_gb_s DOUBLE: the same times memory
-- -> plain_s DOUBLE: by the rules, without initialisation
-- -> plain_gb_s DOUBLE: the same times memory
-- -> with_init_s DOUBLE: by the rules, with initialisation
-- -> with_init_gb_s DOUBLE: the same times memory
with billed as (
  select source_arn, memory_mb / 1024 as gb,
         ceil(round(coalesce(duration_ms, billed_ms) / $billing_step_ms, 9)) * $billing_step_ms / 1000 as plain,
         ceil(round((coalesce(duration_ms, billed_ms) + coalesce(init_ms, 0)) / $billing_step_ms, 9))
           * $billing_step_ms / 1000 as with_init,
         coalesce(billed_ms / 1000, plain) as observed
  from invocations_observed
  where $source_arns is null or list_contains($source_arns, source_arn)
)
select source_arn, count(*) as invocations, count(*) filter (gb is null or observed is null) as without_duration,
       coalesce(sum(observed), 0)::DOUBLE as observed_s, coalesce(sum(observed * gb), 0)::DOUBLE as observed_gb_s,
       coalesce(sum(plain), 0)::DOUBLE as plain_s, coalesce(sum(plain * gb), 0)::DOUBLE as plain_gb_s,
       coalesce(sum(with_init), 0)::DOUBLE as with_init_s, coalesce(sum(with_init * gb), 0)::DOUBLE as with_init_gb_s
from billed
group by source_arn
order by source_arn
