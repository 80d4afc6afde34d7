-- One row per queue whose messages were looked at: how long they still live.
-- $source_arn: only this queue; null for all
-- $since: earliest sending; null for no bound
-- $until: latest sending; null for no bound
-- -> source_arn VARCHAR: the queue
-- -> is_dead_letter_queue BOOLEAN: another queue's messages end here
-- -> messages BIGINT: messages seen in it by a peek
-- -> retention_s BIGINT: MessageRetentionPeriod
-- -> oldest_sent_at TIMESTAMP WITH TIME ZONE: when the oldest of them was sent
-- -> last_seen_at TIMESTAMP WITH TIME ZONE: when one of them was last seen
-- -> next_expiry_at TIMESTAMP WITH TIME ZONE: when the first that lived then expires
-- -> life_used DOUBLE: share of its life that the oldest had used when it was last seen
-- A standard queue's message keeps its first instant of sending when it moves to a dead-letter queue, so it may expire there earlier.
with kept as (
  select source_arn, arg_max(retention_s, observed_at) as retention_s from queues
  where $source_arn is null or source_arn = $source_arn group by source_arn having arg_max(retention_s, observed_at) > 0
), sights as (
  select source_arn, record_id, min(source_at) as sent_at, max(received_at) as seen_at
  from records semi join kept using (source_arn)
  where service = 'aws:sqs' and contains(attributes, '"mode":"peek"') and source_at is not null
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
  group by source_arn, record_id
)
select source_arn, source_arn in (select dead_letter_arn from queues where dead_letter_arn is not null) as is_dead_letter_queue,
       count(*) as messages, any_value(retention_s) as retention_s, min(sent_at) as oldest_sent_at, max(seen_at) as last_seen_at,
       min(sent_at + to_seconds(retention_s)) filter (sent_at + to_seconds(retention_s) > seen_at) as next_expiry_at,
       max(epoch_ms(seen_at) - epoch_ms(sent_at)) / (1000.0::double * any_value(retention_s)) as life_used
from sights join kept using (source_arn) group by source_arn order by next_expiry_at, source_arn
