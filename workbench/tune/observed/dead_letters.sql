-- One row: how many messages of a queue its dead-letter queue is known to hold.
-- $source_arn: the queue
-- -> dead_letters BIGINT: distinct messages captured in its dead-letter queue; null where it has none, or that was not captured
with behind as (
  select distinct dead_letter_arn from queues where source_arn = $source_arn and dead_letter_arn is not null
)
select case when count(*) > 0 then count(distinct record_id) end as dead_letters
from records where source_arn in (select dead_letter_arn from behind)
