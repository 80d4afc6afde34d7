-- One row per captured delivery of a message that was delivered again.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- -> source_arn VARCHAR: the queue
-- -> key VARCHAR: the message's id
-- -> delivery_id BIGINT: the witness
-- -> source_at TIMESTAMP WITH TIME ZONE: when the message was sent
-- -> receive_count INTEGER: ApproximateReceiveCount of this delivery
-- Our own receives (a peek, a drain) count at AWS like anybody's and are taken off: a message is redelivered when others
-- received it twice, or once and we found it back in the queue.
with deliveries as (
  select source_arn, record_id, delivery_id, source_at, receive_count,
         coalesce((attributes->>'$.workbench.own_receives')::integer, 0) as own_receives
  from records
  where service = 'aws:sqs' and ($source_arn is null or source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
), counted as (
  select *, receive_count - sum(own_receives) over (partition by source_arn, record_id order by delivery_id) as by_others
  from deliveries
)
select source_arn, record_id as key, delivery_id, source_at, receive_count
from counted
qualify bool_or(by_others >= case when own_receives > 0 then 1 else 2 end) over (partition by source_arn, record_id)
order by source_arn, key, delivery_id
