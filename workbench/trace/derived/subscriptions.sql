-- One row per subscription and time it was looked at; a listing tells no filter.
-- -> topic_arn VARCHAR: the topic
-- -> subscription_arn VARCHAR: PendingConfirmation while it is none
-- -> observed_at TIMESTAMP WITH TIME ZONE: when it was so
-- -> protocol VARCHAR: sqs, lambda, http, ...
-- -> endpoint VARCHAR: ARN of the queue or function, or an address
-- -> is_told_whole BOOLEAN: its own attributes were asked for, so that no filter means none
-- -> filter_policy VARCHAR: FilterPolicy as JSON; null: none, or not known
-- -> filter_policy_scope VARCHAR: MessageAttributes or MessageBody
-- -> is_raw BOOLEAN: RawMessageDelivery
-- -> dead_letter_arn VARCHAR: RedrivePolicy's deadLetterTargetArn
with listed as (
  select source_arn, observed_at, false as is_told_whole, unnest(json_extract(document, '$.Subscriptions[*]')) as told
  from resources where kind = 'list-subscriptions-by-topic' and json_valid(document)
), asked as (
  select source_arn, observed_at, true as is_told_whole, json_extract(document, '$.Attributes') as told
  from resources where kind = 'get-subscription-attributes' and json_valid(document)
)
select coalesce(told->>'$.TopicArn', source_arn) as topic_arn, told->>'$.SubscriptionArn' as subscription_arn, observed_at,
       told->>'$.Protocol' as protocol, told->>'$.Endpoint' as endpoint, is_told_whole, told->>'$.FilterPolicy' as filter_policy,
       coalesce(told->>'$.FilterPolicyScope', 'MessageAttributes') as filter_policy_scope,
       coalesce(told->>'$.RawMessageDelivery' = 'true', false) as is_raw,
       try(json(told->>'$.RedrivePolicy')->>'$.deadLetterTargetArn') as dead_letter_arn
from (from listed union all from asked) where subscription_arn is not null
