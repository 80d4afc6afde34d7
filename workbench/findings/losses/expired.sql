-- One row per witness of a record that grew too old before anything took it: itself, and the last lines before and after.
-- $source_arn: only this source; null for all
-- $since: earliest expiry; null for no bound
-- $until: latest expiry; null for no bound
-- $least_shown_share: the log must tell of this share of the shard's records
-- $least_life_share: a message must be known untaken for this share of its life
-- -> source_arn VARCHAR: the queue or stream
-- -> key VARCHAR: the record
-- -> delivery_id BIGINT: the witness
-- -> source_at TIMESTAMP WITH TIME ZONE: when the witness arrived, or the line was written
-- -> role VARCHAR: record, line_before, line_after or last_attempt
-- -> limit_name VARCHAR: maximum_record_age, retention or dead_letter_retention
-- -> expired_at TIMESTAMP WITH TIME ZONE: when it was too old
-- -> certainty DOUBLE: of a message the share of its life in which nobody can have taken it; of a record how surely the log would tell
-- A record of a stream: its shard's turn came to later ones when it was too old, and no request had it. A message: seen untaken late in
-- its life, and the queue read on past its end; or failed for the last time when its dead-letter queue would keep it no longer.
with late as (
  select source_arn, record_id, limit_name, source_at + to_seconds(limit_s) as expired_at,
         (handled + 1.0) / (handled + unhandled + 2) as certainty,
         [{'role': 'record', 'id': delivery_id}, {'role': 'line_before', 'id': before_line_id}, {'role': 'line_after', 'id': after_line_id}] as witness
  from unreached
  where passes and handled >= $least_shown_share * (handled + unhandled) and not is_within_request and not may_be_in_failed
    and after_started_at >= source_at + to_seconds(limit_s) and covered_to_at >= after_started_at
    and coalesce(unaccounted_at > after_started_at, true)
), kept as (
  select source_arn, any_value(retention_s) as retention_s, any_value(visibility_timeout_s) as visibility_timeout_s, any_value(is_fifo) as is_fifo,
         any_value(dead_letter_arn) as dead_letter_arn, any_value(max_receive_count) as max_receive_count
  from queues group by source_arn
  having count(distinct coalesce(retention_s, -1)) = 1 and count(distinct coalesce(dead_letter_arn, '')) = 1
), read_on as (
  select source_arn, max(to_at) as to_at from coverage where state in ('read', 'sealed') group by source_arn
), old as (
  select kept.source_arn, greatest(own.to_at - to_seconds(kept.retention_s), dead_read.to_at - to_seconds(dead.retention_s)) as sent_before_at
  from kept left join read_on as own using (source_arn)
    left join kept as dead on dead.source_arn = kept.dead_letter_arn left join read_on as dead_read on dead_read.source_arn = dead.source_arn
), receives as (
  -- What was captured twice was received once.
  select source_arn, record_id, receive_count, min(source_at) as sent_at, min(delivery_id) as delivery_id, max(received_at) as seen_at,
         bool_and(contains(attributes, '"mode":"peek"')) as is_peeked,
         max(coalesce(try_cast(regexp_extract(attributes, '"own_receives":\s*(\d+)', 1) as integer), 0)) as own_receives
  from records join old using (source_arn)
  where service = 'aws:sqs' and source_at <= sent_before_at group by source_arn, record_id, receive_count
), messages as (
  select source_arn, record_id, min(sent_at) as sent_at, min(delivery_id) as delivery_id, max(seen_at) as seen_at, bool_and(is_peeked) as is_peeked,
         max(receive_count) - sum(own_receives) as by_others, min(receive_count) - min_by(own_receives, receive_count) as by_others_at_first,
         max_by(delivery_id, receive_count) as last_delivery_id, max(receive_count) as receives
  from receives group by source_arn, record_id
), attempts as (
  select source_arn, record_id, max(ended_at) as last_ended_at, max_by(status, ended_at) as last_status, max_by(last_line_id, ended_at) as last_line_id
  from handlings where source_arn in (select source_arn from kept) group by source_arn, record_id
), unseen as (
  select source_arn, record_id, case when source_arn in (select dead_letter_arn from kept where dead_letter_arn is not null)
           then 'dead_letter_retention' else 'retention' end as limit_name,
         sent_at + to_seconds(retention_s) as expired_at, least(1.0, (epoch_ms(seen_at) - epoch_ms(sent_at)) / (1000.0 * retention_s)) as certainty,
         [{'role': 'record', 'id': delivery_id}, {'role': 'last_attempt', 'id': last_delivery_id}] as witness
  from messages join kept using (source_arn) join read_on using (source_arn) anti join attempts using (source_arn, record_id)
  where is_peeked and retention_s > 0 and read_on.to_at >= sent_at + to_seconds(retention_s)
    and by_others = case when limit_name = 'retention' then 0 else by_others_at_first end
    and certainty >= $least_life_share and seen_at < sent_at + to_seconds(retention_s)
), dead_on_arrival as (
  select messages.source_arn, messages.record_id, 'dead_letter_retention' as limit_name,
         sent_at + to_seconds(dead.retention_s) as expired_at, 1.0 as certainty,
         [{'role': 'record', 'id': messages.delivery_id}, {'role': 'last_attempt', 'id': last_delivery_id}, {'role': 'line_after', 'id': last_line_id}] as witness
  from messages join kept using (source_arn) join attempts using (source_arn, record_id)
    join kept as dead on dead.source_arn = kept.dead_letter_arn join read_on on read_on.source_arn = dead.source_arn
  where kept.is_fifo is not true and not is_peeked and receives >= kept.max_receive_count and last_status in ('error', 'timeout', 'failure')
    and last_ended_at >= sent_at + to_seconds(dead.retention_s)
    and read_on.to_at >= last_ended_at + to_seconds(kept.visibility_timeout_s)
    and not exists (from records as there
                    where there.service = 'aws:sqs' and there.source_arn = dead.source_arn and there.record_id = messages.record_id)
), lost as (
  select * from late union all by name select * from unseen union all by name select * from dead_on_arrival
), witnessed as (
  select source_arn, record_id, limit_name, expired_at, certainty, unnest(witness) as each from lost
)
select witnessed.source_arn, witnessed.record_id as key, delivery_id, coalesce(records.source_at, records.received_at) as source_at,
       each.role as role, limit_name, expired_at, certainty::double as certainty
from witnessed join records on records.delivery_id = each.id
where ($source_arn is null or witnessed.source_arn = $source_arn)
  and ($since is null or expired_at >= $since) and ($until is null or expired_at <= $until)
qualify row_number() over (partition by witnessed.source_arn, witnessed.record_id, delivery_id order by role desc) = 1
order by source_arn, key, role, delivery_id
