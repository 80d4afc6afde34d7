-- One row per captured delivery of a message that was delivered again.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- -> source_arn VARCHAR: the queue
-- -> key VARCHAR: the message's id
-- -> delivery_id BIGINT: the witness
-- -> source_at TIMESTAMP WITH TIME ZONE: when the message was sent
-- -> receive_count INTEGER: ApproximateReceiveCount of this delivery
-- -> own_receives INTEGER: how many of these receives were ours
-- -> received_by_others BIGINT: how many were not, up to this delivery
-- -> receipt_handle VARCHAR: tells one receive from the next; null where it was not kept
-- Our own receives (a peek, a drain) count at AWS like anybody's and are taken off: a message is redelivered when others
-- received it twice, or once and we found it back in the queue. Deliveries of one receive (captured twice; printed by its
-- handler and captured) are one: they share the receipt handle, and where none was kept the count.
with hashed as not materialized (
  select hash(source_arn, record_id) as id_hash, receive_count
  from records
  where service = 'aws:sqs' and ($source_arn is null or source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
), repeated as (
  select id_hash from hashed where receive_count > 1 union select id_hash from hashed group by id_hash having count(*) > 1
), deliveries as (
  select source_arn, record_id, delivery_id, source_at, receive_count,
         -- Text that only Python takes for JSON still says how often we received it.
         coalesce(try_cast(try(attributes->>'$.workbench.own_receives') as integer),
                  try_cast(regexp_extract(attributes, '"own_receives":(\d+)', 1) as integer), 0) as own_receives,
         coalesce(try(envelope->>'$.ReceiptHandle'), try(envelope->>'$.receiptHandle')) as receipt_handle
  from records
  where service = 'aws:sqs' and hash(source_arn, record_id) in (from repeated) and ($source_arn is null or source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
), ours as (
  select source_arn, record_id, receive_count, max(own_receives) as own_receives
  from (select source_arn, record_id, receive_count, own_receives from deliveries
        union all select source_arn, record_id, receive_count, 1 from peek_effects)
  where own_receives > 0 group by source_arn, record_id, receive_count
), counted as (
  select *, receive_count - coalesce((
           select sum(ours.own_receives) from ours
           where ours.source_arn = deliveries.source_arn and ours.record_id = deliveries.record_id
             and ours.receive_count <= deliveries.receive_count), 0) as received_by_others
  from deliveries
), judged as (
  select *, bool_or(received_by_others >= case when own_receives > 0 then 1 else 2 end) over of_message
            or count(distinct receipt_handle) filter (own_receives = 0) over of_message > 1 as is_again
  from counted window of_message as (partition by source_arn, record_id)
)
select source_arn, record_id as key, delivery_id, source_at, receive_count, own_receives,
       received_by_others::bigint as received_by_others, receipt_handle
from judged where is_again
order by source_arn, key, receive_count, delivery_id
