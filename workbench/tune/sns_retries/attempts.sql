-- One row per attempt of SNS to deliver a message of a topic to an endpoint that answers for itself, as logs or the endpoint tell it.
-- $topic_arn: the topic
-- -> endpoint VARCHAR: where it was delivered
-- -> message_id VARCHAR: SNS's MessageId
-- -> attempted_at TIMESTAMP WITH TIME ZONE: when
-- -> status VARCHAR: SUCCESS or FAILURE where delivery status logging tells it; null where the endpoint itself was captured
-- -> told_by VARCHAR: log (delivery status logging) or endpoint (its requests were captured)
-- A log entry counts dwellTimeMs from the publish to the handing over. One that was captured again is no second attempt.
with logged as (
  select any_value(payload(body)) as said, any_value(source_at) as source_at
  from records
  where service = 'aws:logs' and contains(payload(body), '"dwellTimeMs"') and contains(payload(body), $topic_arn)
  group by source_arn, record_id
), entry as (
  select said->>'$.delivery.destination' as endpoint, said->>'$.notification.messageId' as message_id,
         coalesce(try_cast((said->>'$.notification.timestamp') || '+00' as timestamptz)
                    + to_microseconds(try_cast(said->>'$.delivery.dwellTimeMs' as bigint) * 1000), source_at) as attempted_at,
         said->>'$.status' as status
  from logged where json_valid(said) and said->>'$.notification.topicArn' = $topic_arn
), received as (
  select any_value(source_arn) as endpoint, any_value(payload(body)) as said, any_value(source_at) as attempted_at
  from records
  where service in ('aws:apigateway', 'aws:elasticloadbalancing') and parse_status = 'json' and contains(payload(body), $topic_arn)
  group by source_arn, record_id
)
select endpoint, message_id, attempted_at, status, 'log' as told_by
from entry where message_id is not null and attempted_at is not null
union all
select endpoint, said->>'$.MessageId', attempted_at, null, 'endpoint'
from received
where json_valid(said) and said->>'$.TopicArn' = $topic_arn and said->>'$.MessageId' is not null and attempted_at is not null
order by 1, 2, 3
