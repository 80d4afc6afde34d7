-- One row per delivery of a message in its dead-letter queue, and of the message as which it came back to its queue.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $resend_window_ms: copies further apart than this are not one act of resending, ms
-- -> source_arn VARCHAR: the queue that it came back to, of deliveries in the dead-letter queue too
-- -> key VARCHAR: the old message's id
-- -> delivery_id BIGINT: the witness
-- -> source_at TIMESTAMP WITH TIME ZONE: when this message was sent
-- -> record_id VARCHAR: the id of this message, the old one or the new one
-- -> new_record_id VARCHAR: the id under which it came back
-- -> found_in VARCHAR: the queue of this delivery
-- -> dead_letter_by VARCHAR: how the dead-letter queue is known: policy, attribute, move or name
-- A move into a dead-letter queue keeps the id, a redrive gives a new one. The dead-letter queue is known by a redrive policy, by
-- DeadLetterQueueSourceArn of a message in it, by ids that were seen in both (there with the higher receive count, or later),
-- or by its name. The new message was sent after the old one was seen in the dead-letter queue; where that was not seen in
-- time, not before the old one can have been moved (visibility timeout times maxReceiveCount, else the window of a resend).
-- An old message comes back once: olds and copies of one content are paired in order of time, and where the queue has the content
-- more often than that explains, equal contents come by themselves and nothing is said of them.
with ends as (
  select source_arn, min(delivery_id) as first_id, max(delivery_id) as last_id
  from records where service = 'aws:sqs' group by source_arn
), in_two as (
  select hash(record_id) as id_hash from records where service = 'aws:sqs' and (select count(*) from ends) > 1
  group by id_hash having min(hash(source_arn)) <> max(hash(source_arn))
), seen_in as (
  select record_id, source_arn, min(receive_count) as least_count, min(received_at) as seen_at
  from records where service = 'aws:sqs' and hash(record_id) in (from in_two) group by all
), moves as (
  select distinct one.source_arn as queue_arn, other.source_arn as dead_letter_arn
  from seen_in as one join seen_in as other using (record_id)
  where (one.least_count, one.seen_at) < (other.least_count, other.seen_at)
), known as (
  select source_arn as queue_arn, dead_letter_arn, 1 as rank, 'policy' as dead_letter_by from queues
  union all
  select try(attributes->>'$.system.DeadLetterQueueSourceArn'), source_arn, 2, 'attribute'
  from records where service = 'aws:sqs' and delivery_id in (select unnest([first_id, last_id]) from ends)
  union all
  select queue_arn, dead_letter_arn, 3, 'move' from moves
  where (dead_letter_arn, queue_arn) not in (select (queue_arn, dead_letter_arn) from moves)
  union all
  select queue.source_arn, dead.source_arn, 4, 'name'
  from ends as queue join ends as dead
    on regexp_replace(regexp_replace(dead.source_arn, '\.fifo$', ''), '(?i)[-_]?(dlq|dead[-_]?letter([-_]?queue)?)$', '')
       = regexp_replace(queue.source_arn, '\.fifo$', '')
  where dead.source_arn <> queue.source_arn
), pairs as (
  select queue_arn, dead_letter_arn, arg_min(dead_letter_by, rank) as dead_letter_by
  from known where queue_arn <> dead_letter_arn and ($source_arn is null or queue_arn = $source_arn) group by all
), dead as (
  select source_arn as dead_letter_arn, record_id, body_hash, min(source_at) as sent_at,
         min(received_at) filter (not contains(attributes, '"mode":"logged"')) as seen_at
  from records where service = 'aws:sqs' and source_arn in (select dead_letter_arn from pairs) group by all
), live as (
  select source_arn as queue_arn, record_id, body_hash, min(source_at) as sent_at
  from records
  where service = 'aws:sqs' and source_arn in (select queue_arn from pairs) and body_hash in (select body_hash from dead) group by all
), delays as (
  select source_arn as queue_arn, arg_max(visibility_timeout_s * max_receive_count * 1000, observed_at) as moved_after_ms
  from queues group by source_arn
), old as (
  select queue_arn, dead_letter_arn, dead_letter_by, record_id, body_hash, sent_at,
         least(seen_at, sent_at + to_milliseconds(coalesce(moved_after_ms, $resend_window_ms))) as back_at,
         row_number() over (partition by queue_arn, dead_letter_arn, body_hash order by sent_at, record_id) as place
  from pairs join dead using (dead_letter_arn) left join delays using (queue_arn)
), contents as (
  select queue_arn, dead_letter_arn, body_hash, min(back_at) as back_at, min(sent_at) as sent_at from old group by all
), sent as (
  select queue_arn, dead_letter_arn, body_hash, live.record_id, live.sent_at, dead.record_id is not null as is_dead,
         live.sent_at >= contents.back_at and live.sent_at > contents.sent_at as is_later,
         row_number() over (partition by queue_arn, dead_letter_arn, body_hash, is_later order by live.sent_at, live.record_id) as place
  from live join contents using (queue_arn, body_hash) left join dead using (dead_letter_arn, record_id, body_hash)
), returned as (
  select queue_arn, dead_letter_arn, body_hash, dead_letter_by, old.record_id as old_id, sent.record_id as new_id, sent.sent_at
  from old join sent using (queue_arn, dead_letter_arn, body_hash, place)
  where is_later and sent.sent_at >= old.back_at and sent.sent_at > old.sent_at and sent.record_id <> old.record_id
), unexplained as (
  select sent.* from sent anti join returned
    on returned.queue_arn = sent.queue_arn and returned.dead_letter_arn = sent.dead_letter_arn and returned.new_id = sent.record_id
  where not is_dead
), found as (
  select * from returned anti join unexplained using (queue_arn, dead_letter_arn, body_hash)
  where ($since is null or sent_at >= $since) and ($until is null or sent_at <= $until)
)
select queue_arn as source_arn, old_id as key, delivery_id, source_at, record_id, new_id as new_record_id, source_arn as found_in,
       dead_letter_by
from found join records
  on service = 'aws:sqs' and (source_arn = dead_letter_arn and record_id = old_id or source_arn = queue_arn and record_id = new_id)
order by source_arn, key, new_record_id, source_at, delivery_id
