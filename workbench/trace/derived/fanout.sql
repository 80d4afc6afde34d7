-- One row per publish of a topic and subscribed queue whose subscription is known for that time: what should have come, and did.
-- -> source_arn VARCHAR: the queue
-- -> topic_arn VARCHAR: the topic
-- -> subscription_arn VARCHAR: by which it should come
-- -> message_id VARCHAR: SNS MessageId
-- -> published_at TIMESTAMP WITH TIME ZONE: when it was published, or first put into a queue
-- -> copies BIGINT[]: first delivery of it in each place where it was seen
-- -> is_held BOOLEAN: seen in the queue, or in the queue's own dead-letter queue; null: cannot be told
-- -> passes BOOLEAN: the filter policy lets it through; true where it is held; null: cannot be told
-- -> is_after_snapshot BOOLEAN: the subscription had been looked at before; otherwise it may be younger than the publish
-- -> filter_policy VARCHAR: FilterPolicy as JSON; null: none
-- -> filter_policy_scope VARCHAR: MessageAttributes or MessageBody
-- Raw delivery loses the MessageId: there the same payload within 15 minutes is the publish. A policy that changed between two
-- looks, and 15 minutes after, is not known: so long SNS may take. What was redacted cannot be held against a policy.
with looked as (
  select topic_arn, subscription_arn, endpoint as queue_arn, observed_at, filter_policy, filter_policy_scope, is_raw, dead_letter_arn
  from subscriptions where is_told_whole and protocol = 'sqs' and starts_with(subscription_arn, 'arn:')
), listed as (
  select source_arn as topic_arn, max(observed_at) as last_listed_at from resources where kind = 'list-subscriptions-by-topic' group by all
), seen as (
  select topic_arn, subscription_arn, max(observed_at) as last_seen_at from subscriptions group by all
), periods as (
  select looked.*, lag(observed_at) over by_time is null as is_first, lead(observed_at) over by_time is null as is_last,
         case when lag(observed_at) over by_time is null then timestamptz '-infinity'
              when (filter_policy, filter_policy_scope, is_raw) is distinct from lag((filter_policy, filter_policy_scope, is_raw)) over by_time
              then observed_at + interval 15 minutes else observed_at end as from_at,
         case when lead(observed_at) over by_time is not null then
                case when (filter_policy, filter_policy_scope, is_raw) is distinct from lead((filter_policy, filter_policy_scope, is_raw)) over by_time
                     then observed_at else lead(observed_at) over by_time end
              when last_seen_at < last_listed_at then last_seen_at else timestamptz 'infinity' end as to_at
  from looked join seen using (topic_arn, subscription_arn) left join listed using (topic_arn)
  window by_time as (partition by topic_arn, subscription_arn order by observed_at)
), led_on as (
  select source_arn as queue_arn, arg_max(dead_letter_arn, observed_at) as dead_letter_arn from queues group by source_arn
), places as (
  select queue_arn, queue_arn as place_arn, null::varchar as not_from from (select distinct queue_arn from periods)
  union all
  select queue_arn, led_on.dead_letter_arn, any_value(periods.dead_letter_arn)
  from periods join led_on using (queue_arn) where led_on.dead_letter_arn is not null group by all
), messages as (
  select delivery_id, records.source_arn as place_arn, source_at, body_hash,
         regexp_extract(case when parse_status = 'json' then left(payload(body), 600) else '' end,
           '^\s*\{\s*"Type"\s*:\s*"Notification"\s*,\s*"MessageId"\s*:\s*"([^"]+)"\s*,(?:\s*"SequenceNumber"\s*:\s*"\d+"\s*,)?\s*"TopicArn"\s*:\s*"([^"]+)"',
           ['message_id', 'topic_arn']) as told,
         case when contains(attributes, '"DeadLetterQueueSourceArn"')
              then try(attributes->>'$.system.DeadLetterQueueSourceArn') end as left_arn
  from records semi join places on records.source_arn = place_arn where service = 'aws:sqs'
), in_queue as (
  select queue_arn, messages.*
  from messages join places using (place_arn)
  where place_arn = queue_arn or coalesce(left_arn = queue_arn, place_arn is distinct from not_from)
), publishes as (
  select topic_arn, message_id, min(source_at) as published_at, list(delivery_id order by delivery_id) as copies,
         min_by(tapped_hash, delivery_id) filter (tapped_hash is not null) as tapped_hash
  from (
    select source_arn as topic_arn, record_id as message_id, source_arn as place_arn, min(source_at) as source_at, min(delivery_id) as delivery_id,
           min_by(body_hash, delivery_id) as tapped_hash
    from records where service = 'aws:sns' group by all
    union all
    select told.topic_arn, told.message_id, place_arn, min(source_at), min(delivery_id), null
    from messages where told.message_id <> '' group by all
  ) group by all
), held as (
  select distinct queue_arn, told.topic_arn as topic_arn, told.message_id as message_id from in_queue where told.message_id <> ''
), alike as (
  select distinct in_queue.queue_arn, publishes.topic_arn, publishes.message_id
  from publishes join (select distinct topic_arn, queue_arn from periods where is_raw) as periods_raw using (topic_arn)
    join in_queue on in_queue.queue_arn = periods_raw.queue_arn and in_queue.body_hash = tapped_hash
      and source_at between published_at - interval 1 minute and published_at + interval 15 minutes
), due as (
  select periods.queue_arn, publishes.topic_arn, subscription_arn, publishes.message_id, published_at, copies,
         not is_first or published_at >= observed_at as is_after_snapshot,
         filter_policy, filter_policy_scope, case
           when not is_raw then held.message_id is not null
           when tapped_hash is null then null
           else alike.message_id is not null end as is_held
  from publishes join periods on periods.topic_arn = publishes.topic_arn and published_at >= from_at and published_at < to_at
    left join held on held.queue_arn = periods.queue_arn and held.topic_arn = publishes.topic_arn and held.message_id = publishes.message_id
    left join alike on alike.queue_arn = periods.queue_arn and alike.topic_arn = publishes.topic_arn and alike.message_id = publishes.message_id
), asked as (
  select distinct copies[1] as delivery_id from due where not is_held and filter_policy is not null
), contents as (
  select delivery_id, redaction is null as is_whole,
         case when service = 'aws:sns' then body else encode(try(payload(body)->>'$.Message')) end as message,
         case when service = 'aws:sns' then try(attributes->>'$.user') else try(payload(body)->>'$.MessageAttributes') end as message_attributes
  from records semi join asked using (delivery_id) left join captures using (capture_id)
)
select queue_arn as source_arn, topic_arn, subscription_arn, message_id, published_at, copies, is_held,
       case when is_held or filter_policy is null then true
            when is_whole then sns_admits(filter_policy, filter_policy_scope, message_attributes, message) end as passes, is_after_snapshot,
       filter_policy, filter_policy_scope
from due left join contents on contents.delivery_id = copies[1] and filter_policy is not null and not is_held
