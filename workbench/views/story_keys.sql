-- One row per key that the deliveries asked for speak of, as a story takes it; the most frequent first.
-- $delivery_ids: the deliveries
-- $key: JSONPath of the business key; null: none
-- -> key VARCHAR: business key, else what orders the record, else its id
-- -> deliveries BIGINT: how many of them speak of it
with asked as (
  select * from records where delivery_id in (select unnest($delivery_ids::bigint[]))
), opened as (
  select *, case when service = 'aws:sqs' and contains(payload(body), '"TopicArn"') and field(body, '$.Type') = 'Notification'
                 then encode(field(body, '$.Message')) else body end as content
  from asked
), keyed as (
  select coalesce(case when $key is not null then field(content, $key) end,
                  case when service = 'aws:dynamodb' then json_extract_string(ordering_key, '$.*.*')[1] else ordering_key end,
                  record_id) as key
  from opened
)
select key, count(*) as deliveries from keyed where key is not null group by key order by deliveries desc, key limit 50
