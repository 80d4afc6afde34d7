-- One row per message that a log tells was handled, with what became of the attempts at it.
-- $source_arn: the queue
-- $dead_letter_arn: its dead-letter queue, where messages that were moved are found; null for none
-- $log_groups: ARNs of the log groups of its functions
-- -> record_id VARCHAR: the message
-- -> attempts BIGINT: invocations that were given it
-- -> failed BIGINT: of these, how many ended in an error, a timeout or a failure
-- -> overlapping BIGINT: attempts that began while an earlier one still worked
-- -> first_wait_s DOUBLE: from the message's arrival to the first attempt; null where it is not known
with attempt as (
  select record_id, log_group, request_id, attempt, status in ('error', 'timeout', 'failure') as has_failed,
         coalesce(started_at, ended_at - to_microseconds((duration_ms * 1000)::bigint)) as began_at,
         greatest(ended_at, started_at + to_microseconds((duration_ms * 1000)::bigint)) as over_at
  from handlings
  where (source_arn = $source_arn or source_arn = $dead_letter_arn and list_contains($log_groups, log_group))
    and certainty = 1 and status <> 'unknown'
), ordered as (
  select *, began_at < max(over_at) over (partition by record_id order by began_at, request_id
                                          rows between unbounded preceding and 1 preceding) as is_overlapping
  from attempt
), arrived as (
  select record_id, min(source_at) as arrived_at from records where source_arn in ($source_arn, $dead_letter_arn) group by record_id
)
select record_id, count(*) as attempts, count(*) filter (has_failed) as failed, count(*) filter (is_overlapping) as overlapping,
       greatest(0, date_diff('microsecond', any_value(arrived_at), min(began_at)) / 1e6) as first_wait_s
from ordered left join arrived using (record_id)
group by record_id
order by record_id
