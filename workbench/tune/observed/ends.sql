-- One row per record of a source that an invocation took: when that ended.
-- $source_arn: the queue or stream
-- $log_group: ARN of the function's log group
-- $reports: whether the function names what failed: then an invocation that succeeded may have failed a record
-- -> record_id VARCHAR: the record
-- -> ended_at TIMESTAMP WITH TIME ZONE: of the first invocation that succeeded with it; of the last where failures are named
-- -> attempts BIGINT: invocations that were given it
-- -> failed BIGINT: those of them that failed
with attempt as (
  select record_id, status, coalesce(started_at + to_microseconds((duration_ms * 1_000)::bigint), ended_at) as until_at
  from handlings where log_group = $log_group and source_arn = $source_arn and certainty = 1
)
select record_id,
       case when $reports then max(until_at) filter (status = 'success') else min(until_at) filter (status = 'success') end as ended_at,
       count(*) as attempts, count(*) filter (status <> 'success') as failed
from attempt
group by record_id
order by record_id
