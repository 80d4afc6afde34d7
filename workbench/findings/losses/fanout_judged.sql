-- One row: how many subscriptions of queues there are, and of how many the filter policy is known.
-- $source_arn: only this queue; null for all
-- -> subscriptions BIGINT: confirmed subscriptions of queues
-- -> told_whole BIGINT: those whose own attributes were asked for
select count(distinct subscription_arn) as subscriptions, count(distinct subscription_arn) filter (is_told_whole) as told_whole
from subscriptions
where protocol = 'sqs' and starts_with(subscription_arn, 'arn:') and ($source_arn is null or endpoint = $source_arn)
