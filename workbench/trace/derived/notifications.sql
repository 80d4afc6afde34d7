-- One row per delivery of a queue message that carries an SNS notification in its envelope; with raw delivery it carries none.
-- -> delivery_id BIGINT: as of `records`
-- -> source_arn VARCHAR: the queue
-- -> record_id VARCHAR: the queue message, a new one for each copy that SNS sends
-- -> topic_arn VARCHAR: the topic
-- -> published_id VARCHAR: SNS's MessageId, the same in every copy of one publish
-- -> subscription_arn VARCHAR: through which it came, out of UnsubscribeURL; null where that is missing
-- -> content VARCHAR: MD5 of Message, hexadecimal
-- Where the parsers could differ (a member twice, text that only Python takes), Python's has the word, as for a payload.
with said as (
  select delivery_id, source_arn, record_id, body, payload(body) as said
  from records where service = 'aws:sqs' and parse_status = 'json' and contains(payload(body), '"TopicArn"')
), checked as (
  select *, case when not json_valid(said) then true else len(json_keys(said)) <> len(list_distinct(json_keys(said))) end as is_odd
  from said
), told as (
  select * exclude (body, said), case when is_odd then [
      python_field(body, '$.Type'), python_field(body, '$.TopicArn'), python_field(body, '$.MessageId'),
      python_field(body, '$.UnsubscribeURL'), python_field(body, '$.Message')]
    else json_extract_string(said, ['$.Type', '$.TopicArn', '$.MessageId', '$.UnsubscribeURL', '$.Message']) end as m
  from checked
)
select delivery_id, source_arn, record_id, m[2] as topic_arn, m[3] as published_id,
       nullif(regexp_extract(m[4], '[?&]SubscriptionArn=([^&]+)', 1), '') as subscription_arn, md5(m[5]) as content
from told where m[1] = 'Notification' and m[2] is not null and m[3] is not null and m[5] is not null
