-- One row per message of a group with equal content and different ids, sent closer together than chance explains.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $compare: bytes, or canonical: JSON whatever the order of its members, its spaces and how its numbers are spelled
-- $ignore: JSONPaths that do not count; where there are any, canonical
-- $resend_window_ms: copies further apart than this are not one act of resending, ms
-- $chance: largest share of what is found that chance may explain
-- -> source_arn VARCHAR: the queue or topic
-- -> key VARCHAR: hash of the content, hexadecimal
-- -> delivery_id BIGINT: first delivery of each message
-- -> source_at TIMESTAMP WITH TIME ZONE: when it was sent
-- -> record_id VARCHAR: the message's id
-- -> group_number BIGINT: tells apart groups of one content
-- -> by_chance DOUBLE: share of the pairs so close that chance explains, over the whole source
-- A message inside an SNS envelope is compared by the envelope's Message, and copies of one publish are one message.
-- A narrow pass over hashes finds the contents that came under two ids; the rest looks at those alone, exactly.
with hashed as materialized (
  select records.delivery_id, hash(coalesce(published_id, records.record_id)) as identity_hash,
         hash(records.source_arn, case
           when $compare = 'canonical' or len($ignore) > 0
             then canonical_hash(case when published_id is null then body else encode(field(body, '$.Message')) end, $ignore::varchar[])
           when $compare <> 'bytes' then error(concat('wanted compare bytes or canonical, found ', $compare))::blob
           when published_id is null then body_hash else content::blob end) as content_hash
  from records left join notifications using (delivery_id)
  where service in ('aws:sqs', 'aws:sns') and not ends_with(records.source_arn, '.fifo') and body_bytes > 0
    and ($source_arn is null or records.source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
), repeated as (
  select content_hash from hashed group by content_hash having min(identity_hash) <> max(identity_hash)
), spans as (
  select source_arn, epoch_ms(max(source_at)) - epoch_ms(min(source_at)) + 1 as span_ms
  from records
  where service in ('aws:sqs', 'aws:sns') and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
  group by source_arn
), told as (
  select records.source_arn, records.record_id, records.delivery_id, source_at, received_at,
         coalesce(published_id, records.record_id) as identity,
         case when $compare = 'canonical' or len($ignore) > 0
             then lower(hex(canonical_hash(
               case when published_id is null then body else encode(field(body, '$.Message')) end, $ignore::varchar[])))
           when published_id is null then lower(hex(body_hash)) else content end as content
  from records left join notifications using (delivery_id)
  where service in ('aws:sqs', 'aws:sns')
    and delivery_id in (select delivery_id from hashed semi join repeated using (content_hash))
), sends as (
  select told.*, span_ms from told join spans using (source_arn)
  qualify row_number() over (partition by source_arn, content, identity order by received_at, delivery_id) = 1
)
select source_arn, content as key, delivery_id, source_at, record_id, group_number, by_chance
from close_sends('sends', $resend_window_ms, $chance)
order by source_arn, key, group_number, source_at, delivery_id
