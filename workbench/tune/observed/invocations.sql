-- One row per invocation of a function that its log tells of, and what of a source it was given.
-- $source_arn: the queue or stream
-- $log_group: ARN of the function's log group
-- $since: only invocations that began at or after it; null for no bound
-- $until: only invocations that began at or before it; null for no bound
-- -> request_id VARCHAR: of the invocation
-- -> attempt BIGINT: of an asynchronous one, from 1
-- -> begins_at TIMESTAMP WITH TIME ZONE: START, or END less its duration
-- -> duration_ms DOUBLE: of the handler; null where the log does not tell
-- -> init_ms DOUBLE: initialisation before it; null where it was warm
-- -> billed_ms BIGINT: billed duration
-- -> memory_mb BIGINT: memory the function has
-- -> max_memory_mb BIGINT: most memory used
-- -> status VARCHAR: success, error, timeout, failure or unknown
-- -> records BIGINT: records of the source that it was given; null where no id tells
with given as (
  select request_id, attempt, count(*) as records
  from handlings where log_group = $log_group and source_arn = $source_arn and certainty = 1
  group by request_id, attempt
)
select invocation.request_id, invocation.attempt,
       coalesce(started_at, ended_at - to_microseconds((duration_ms * 1_000)::bigint)) as begins_at,
       duration_ms, init_ms, billed_ms, memory_mb, max_memory_mb, status, records
from invocations_observed as invocation left join given using (request_id, attempt)
where source_arn = $log_group and begins_at is not null
  and ($since is null or begins_at >= $since) and ($until is null or begins_at <= $until)
order by begins_at, invocation.request_id, invocation.attempt
