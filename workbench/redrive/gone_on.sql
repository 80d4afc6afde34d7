-- One row per group: how many of its messages came after the first of those that are in the dead-letter queue.
-- $source_arn: the queue that they came from
-- $value: MessageGroupId
-- $since: instant of the first of them
-- $record_ids: their message ids
-- -> later BIGINT: messages that were sent after it, and are not among them
select count(distinct record_id) as later
from records
where source_arn = $source_arn and ordering_key = $value and source_at > $since and not list_contains($record_ids, record_id)
