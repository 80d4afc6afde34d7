-- One row per invocation that a function mapped to the queue ended while the capture looked.
-- $source_arn: the queue
-- $dead_letter_arn: its dead-letter queue, where messages that were moved are found; null for none
-- $log_groups: ARNs of the log groups of its functions
-- -> log_group VARCHAR: where it is told
-- -> status VARCHAR: success, error, timeout or failure
-- -> duration_ms DOUBLE: of the handler
-- -> before_ms DOUBLE: initialisation or restoring that the batch waited for
-- -> messages BIGINT: messages of the queue that it is known to have been given; null where nothing tells
-- An instance that was initialised ahead of its first call kept nobody waiting.
with given as (
  select log_group, request_id, attempt, count(distinct record_id) as messages
  from handlings where source_arn in ($source_arn, $dead_letter_arn) and certainty = 1 group by all
), prepared as (
  select source_arn, request_id, attempt, min(idle_ms) as idle_ms from initialisations group by all
)
select invocation.source_arn as log_group, status, duration_ms,
       case when coalesce(idle_ms, 0) > 1000 then 0.0 else coalesce(init_ms, 0) + coalesce(restore_ms, 0) end as before_ms, messages
from invocations_observed as invocation
  left join prepared using (source_arn, request_id, attempt)
  left join given on given.log_group = invocation.source_arn and given.request_id = invocation.request_id and given.attempt = invocation.attempt
where list_contains($log_groups, invocation.source_arn) and duration_ms is not null and status <> 'unknown'
order by log_group, started_at, invocation.request_id, invocation.attempt
