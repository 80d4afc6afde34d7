-- One row per message of a group with equal content and different ids, sent closer together than chance explains.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $resend_window_ms: copies further apart than this are not one act of resending, ms
-- $chance: largest probability of so close an equal content by chance
-- -> source_arn VARCHAR: the queue or topic
-- -> key VARCHAR: hash of the content, hexadecimal
-- -> delivery_id BIGINT: first delivery of each message
-- -> source_at TIMESTAMP WITH TIME ZONE: when it was sent
-- -> record_id VARCHAR: the message's id
-- -> group_number BIGINT: tells apart groups of one content
-- -> by_chance DOUBLE: probability that chance put the group so close
-- By chance: n other messages of that content over the whole span make about n² · spread / span groups as close.
-- A message inside an SNS envelope is compared by the envelope's Message, and copies of one publish are one message.
-- Contents that come at a steady beat (heartbeats) are no resends.
with sent as (
  select source_arn, record_id, delivery_id, source_at,
         service = 'aws:sqs' and field(body, '$.Type') = 'Notification' and field(body, '$.TopicArn') is not null as in_envelope,
         case when in_envelope then md5(field(body, '$.Message')) else lower(hex(body_hash)) end as content,
         case when in_envelope then field(body, '$.MessageId') else record_id end as published
  from records
  where service in ('aws:sqs', 'aws:sns') and not ends_with(source_arn, '.fifo') and body_bytes > 0
    and ($source_arn is null or source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
), first_deliveries as (
  select * from sent
  qualify row_number() over (partition by source_arn, published order by delivery_id) = 1
      and count(*) over (partition by source_arn, content) > 1
), stepped as (
  select *, epoch_ms(source_at) - epoch_ms(lag(source_at) over of_content) as gap_ms,
         case when gap_ms <= $resend_window_ms then 0 else 1 end as starts
  from first_deliveries
  window of_content as (partition by source_arn, content order by source_at, delivery_id)
), grouped as (
  select *, sum(starts) over (partition by source_arn, content order by source_at, delivery_id rows unbounded preceding) as group_number
  from stepped
), spans as (
  select source_arn, epoch_ms(max(source_at)) - epoch_ms(min(source_at)) + 1 as span_ms from sent group by source_arn
), measured as (
  select source_arn, content, group_number, count(*) as copies,
         epoch_ms(max(source_at)) - epoch_ms(min(source_at)) as spread_ms,
         coalesce(stddev_pop(gap_ms) filter (where starts = 0) / nullif(avg(gap_ms) filter (where starts = 0), 0), 1) as unevenness,
         sum(count(*)) over (partition by source_arn, content) - count(*) as elsewhere
  from grouped group by source_arn, content, group_number
), judged as (
  select measured.*, 1 - exp(-elsewhere * (elsewhere + copies) * spread_ms / span_ms::double) as by_chance
  from measured join spans using (source_arn)
  where copies > 1 and not (copies >= 4 and (unevenness < 0.5 or spread_ms > span_ms / 2))
)
select source_arn, content as key, delivery_id, source_at, record_id, group_number::bigint as group_number, by_chance
from grouped join judged using (source_arn, content, group_number)
where by_chance <= $chance
order by source_arn, key, group_number, source_at, delivery_id
