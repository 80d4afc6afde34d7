-- One row per dead-letter queue and queue that feeds it, as a redrive policy or a message that was moved says.
-- -> source_arn VARCHAR: the dead-letter queue
-- -> origin_arn VARCHAR: the queue whose messages come to it
-- Of each queue its first and its last message are looked at: SQS writes DeadLetterQueueSourceArn into all that it moved.
with looked_at as materialized (
  select source_arn, attributes from records join (
    select unnest(list_distinct([min(delivery_id), max(delivery_id)])) as delivery_id
    from records where service = 'aws:sqs' group by source_arn) using (delivery_id)
)
select dead_letter_arn as source_arn, source_arn as origin_arn from queues where dead_letter_arn is not null
union
select source_arn, try(attributes->>'$.system.DeadLetterQueueSourceArn') as origin_arn from looked_at where origin_arn is not null
