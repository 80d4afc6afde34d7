-- One row per message of a queue that carries a publish which came there under another SQS id too.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- -> source_arn VARCHAR: the queue; the topic where it was a tap's queue
-- -> key VARCHAR: SNS's MessageId
-- -> delivery_id BIGINT: first delivery of each message
-- -> source_at TIMESTAMP WITH TIME ZONE: when it was put into the queue; of a tap when it was published
-- -> record_id VARCHAR: SQS's MessageId
-- -> topic_arn VARCHAR: the topic
-- -> subscription_arn VARCHAR: through which it came; null where the envelope does not say
-- A tap's queue is told by its subscription, as each capture of a topic has one of its own; where that is not said by the capture.
with copies as (
  select records.source_arn, published_id, topic_arn, subscription_arn, records.record_id, delivery_id, source_at, received_at, '' as tap
  from notifications join records using (delivery_id)
  where ($source_arn is null or records.source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
  union all
  select source_arn, record_id, source_arn,
         nullif(regexp_extract(try(envelope->>'$.UnsubscribeURL'), '[?&]SubscriptionArn=([^&]+)', 1), '') as subscription_arn,
         try(envelope->>'$.sqs.MessageId') as message_id, delivery_id, source_at, received_at, coalesce(subscription_arn, capture_id)
  from records
  where service = 'aws:sns' and message_id is not null and ($source_arn is null or source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
    and hash(source_arn, record_id) in (
      select hash(source_arn, record_id) as id_hash from records where service = 'aws:sns' group by id_hash having count(*) > 1)
), repeated as (
  select source_arn, topic_arn, published_id, tap from copies group by all having min(record_id) <> max(record_id)
)
select source_arn, published_id as key, delivery_id, source_at, record_id, topic_arn, subscription_arn
from copies semi join repeated using (source_arn, topic_arn, published_id, tap)
qualify row_number() over (partition by source_arn, topic_arn, published_id, tap, record_id order by received_at, delivery_id) = 1
order by source_arn, key, source_at, record_id, delivery_id
