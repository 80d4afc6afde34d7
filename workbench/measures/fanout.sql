-- One row per subscription of a queue: what was published, what should have come, what came.
-- $source_arn: only this queue; null for all
-- $since: earliest publish; null for no bound
-- $until: latest publish; null for no bound
-- -> topic_arn VARCHAR: the topic
-- -> source_arn VARCHAR: the queue
-- -> subscription_arn VARCHAR: the subscription
-- -> publishes BIGINT: publishes seen anywhere while the subscription was known
-- -> expected BIGINT: those that its filter policy lets through
-- -> delivered BIGINT: those of them that the capture shows in the queue
-- -> missing BIGINT: the others; a queue with consumers of its own shows only what they left
-- -> extra BIGINT: shown in the queue although the policy keeps them out
-- -> unknown BIGINT: neither can be told of them
with due as (
  select * from fanout
  where ($source_arn is null or source_arn = $source_arn)
    and ($since is null or published_at >= $since) and ($until is null or published_at <= $until)
), asked as (
  select distinct copies[1] as delivery_id from due where is_held and filter_policy is not null
), contents as (
  select delivery_id, case when service = 'aws:sns' then body else encode(try(payload(body)->>'$.Message')) end as message,
         case when service = 'aws:sns' then try(attributes->>'$.user') else try(payload(body)->>'$.MessageAttributes') end as message_attributes
  from records semi join asked using (delivery_id) left join captures using (capture_id) where redaction is null
), told as (
  select due.*, is_held and filter_policy is not null and contents.delivery_id is not null
           and not coalesce(sns_admits(filter_policy, filter_policy_scope, message_attributes, message), true) as is_extra
  from due left join contents on contents.delivery_id = copies[1] and is_held
)
select topic_arn, source_arn, subscription_arn, count(*) as publishes, count(*) filter (passes and not is_extra) as expected,
       count(*) filter (is_held and not is_extra) as delivered, count(*) filter (passes and not is_held) as missing,
       count(*) filter (is_extra) as extra, count(*) filter (is_held is null or passes is null) as unknown
from told group by topic_arn, source_arn, subscription_arn order by topic_arn, source_arn, subscription_arn
