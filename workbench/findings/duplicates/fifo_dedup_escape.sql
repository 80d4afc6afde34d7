-- One row per message of a FIFO queue or topic whose deduplication id was accepted under another message id too.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $dedup_interval_ms: for how long the service takes no second message of a deduplication id, ms
-- -> source_arn VARCHAR: the queue or topic
-- -> key VARCHAR: the deduplication id
-- -> delivery_id BIGINT: first delivery of each message
-- -> source_at TIMESTAMP WITH TIME ZONE: when it was sent
-- -> record_id VARCHAR: the message's id
-- -> ordering_key VARCHAR: its message group
-- -> escaped_by VARCHAR: interval or group; null for the first
-- -> content VARCHAR: hash of the payload, hexadecimal
-- -> is_content_based BOOLEAN: the id is the SHA-256 of the payload
-- The id of a message that was published through a topic stands in the SQS message around the notification. Where a queue is known
-- to deduplicate by content and a message was kept without its id, the id is the SHA-256 of its body, as SQS makes it.
with settings as (
  select source_arn, arg_max(deduplication_scope, observed_at) as scope, arg_max(deduplicates_by_content, observed_at) as by_content
  from queues where is_fifo group by source_arn
  union all
  select source_arn, case arg_max(document->>'$.Attributes.FifoThroughputScope', observed_at)
           when 'MessageGroup' then 'messageGroup' when 'Topic' then 'queue' end, false
  from resources where kind = 'get-topic-attributes' and json_valid(document) group by source_arn
), fifo as (
  select distinct source_arn from records
  where service in ('aws:sqs', 'aws:sns') and ends_with(source_arn, '.fifo') and ($source_arn is null or source_arn = $source_arn)
), hashed as materialized (
  select delivery_id, hash(record_id) as identity_hash, hash(source_arn, coalesce(
           case service when 'aws:sns' then try(envelope->>'$.sqs.Attributes.MessageDeduplicationId')
             else try(attributes->>'$.system.MessageDeduplicationId') end,
           case when by_content then sha256(body) end)) as dedup_hash
  from records semi join fifo using (source_arn) left join settings using (source_arn)
  where service in ('aws:sqs', 'aws:sns') and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
), repeated as (
  select dedup_hash from hashed group by dedup_hash having min(identity_hash) <> max(identity_hash)
), accepted as (
  select source_arn, record_id, ordering_key, delivery_id, source_at, scope, lower(hex(body_hash)) as content, coalesce(
           case service when 'aws:sns' then try(envelope->>'$.sqs.Attributes.MessageDeduplicationId')
             else try(attributes->>'$.system.MessageDeduplicationId') end,
           case when by_content then sha256(body) end) as dedup_id,
         dedup_id = sha256(body) as is_content_based
  from records semi join fifo using (source_arn) left join settings using (source_arn)
  where service in ('aws:sqs', 'aws:sns') and source_at is not null
    and delivery_id in (select delivery_id from hashed semi join repeated using (dedup_hash))
    and dedup_id is not null
  qualify row_number() over (partition by source_arn, dedup_id, record_id order by received_at, delivery_id) = 1
), measured as (
  select *, epoch_ms(source_at) - epoch_ms(lag(source_at) over of_id) as after_any_ms,
         epoch_ms(source_at) - epoch_ms(lag(source_at) over of_group) as after_same_group_ms
  from accepted
  window of_id as (partition by source_arn, dedup_id order by source_at, record_id),
         of_group as (partition by source_arn, dedup_id, ordering_key order by source_at, record_id)
), judged as (
  select *, case when after_any_ms >= $dedup_interval_ms or after_same_group_ms >= $dedup_interval_ms then 'interval'
                 when after_any_ms is not null and after_same_group_ms is null and scope is distinct from 'queue' then 'group'
            end as escaped_by
  from measured
), told as (
  select *, bool_or(escaped_by is not null) over of_id as is_escaped,
         -- Equal contents at a steady beat are meant: the id says no more than that they are equal.
         bool_and(is_content_based) over of_id and count(*) over of_id >= 4
           and coalesce(stddev_pop(after_any_ms) over of_id / nullif(avg(after_any_ms) over of_id, 0), 1) < 0.5 as is_beat
  from judged window of_id as (partition by source_arn, dedup_id)
)
select source_arn, dedup_id as key, delivery_id, source_at, record_id, ordering_key, escaped_by, content, is_content_based
from told where is_escaped and not is_beat
order by source_arn, key, source_at, record_id, delivery_id
