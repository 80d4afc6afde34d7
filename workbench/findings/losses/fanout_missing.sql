-- One row per copy elsewhere of a publish that a subscribed queue should hold and does not.
-- $source_arn: only this queue; null for all
-- $since: earliest publish; null for no bound
-- $until: latest publish; null for no bound
-- $delivery_lag_ms: a publish may still come for so long, ms
-- $least_shown_share: a queue that others read must hold this share of the topic's other publishes
-- -> source_arn VARCHAR: the queue that lacks it
-- -> key VARCHAR: SNS MessageId
-- -> delivery_id BIGINT: a copy elsewhere
-- -> source_at TIMESTAMP WITH TIME ZONE: when it was published
-- -> topic_arn VARCHAR: the topic
-- -> copy_arn VARCHAR: where this copy is
-- -> shown_by VARCHAR: read (the queue was read alone over that time), or neighbours (it holds those before and after)
-- -> held BIGINT: publishes of the topic that the queue holds
-- -> missing BIGINT: those it should hold and does not
-- Absence proves something only where the capture would have seen the message: a queue read over that time that nobody else is known
-- to read (no mapping, no receives but ours), or one whose capture holds nearly everything before and after, however it came by it.
with expected as (
  select source_arn, topic_arn, message_id, min(published_at) as published_at, any_value(copies) as copies,
         bool_or(is_held) as is_held, bool_or(passes) as passes, bool_or(is_after_snapshot) as is_after_snapshot
  from fanout
  where ($source_arn is null or source_arn = $source_arn)
    and ($since is null or published_at >= $since) and ($until is null or published_at <= $until)
  group by source_arn, topic_arn, message_id
  having not coalesce(bool_or(is_held is null), false)
), lacking as (
  select distinct source_arn from expected where not is_held and passes
), receives as (
  -- What was captured twice was received once.
  select source_arn, record_id, receive_count,
         max(coalesce(try_cast(regexp_extract(attributes, '"own_receives":\s*(\d+)', 1) as integer), 0)) as own_receives
  from records semi join lacking using (source_arn) where service = 'aws:sqs' group by all
), received as (
  select source_arn, record_id, max(receive_count) > sum(own_receives) as by_others from receives group by source_arn, record_id
), shared as (
  select source_arn from received where by_others
  union
  select source_arn from event_source_mappings where state is distinct from 'Disabled'
), alone as (
  select source_arn, from_at, to_at from coverage where state in ('read', 'sealed') and source_arn not in (from shared)
), holes as (
  select source_arn, from_at, to_at from coverage where state = 'hole'
  union all
  select mapping.source_arn, from_at, to_at
  from (select distinct source_arn, log_group from event_source_mappings) as mapping join coverage on coverage.source_arn = log_group
  where coverage.state = 'hole'
), bracket as (
  select source_arn, topic_arn, min(published_at) filter (is_held) as first_held_at, max(published_at) filter (is_held) as last_held_at,
         count(*) filter (is_held) as held
  from expected group by source_arn, topic_arn
), lacked as (
  select expected.*, published_at + to_milliseconds($delivery_lag_ms) as due_at, first_held_at, last_held_at, held,
         count(*) filter (published_at between first_held_at and last_held_at) over (partition by source_arn, topic_arn) as lacked_between
  from expected join bracket using (source_arn, topic_arn) where passes and not is_held
), read_alone as (
  select source_arn, message_id from lacked semi join alone
    on alone.source_arn = lacked.source_arn and alone.from_at <= published_at and alone.to_at >= due_at
), hidden as (
  select source_arn, message_id from lacked semi join holes
    on holes.source_arn = lacked.source_arn and holes.from_at <= due_at and holes.to_at >= published_at
), judged as (
  select lacked.*, case
      when read_alone.message_id is not null and (is_after_snapshot or first_held_at <= published_at) then 'read'
      when first_held_at <= published_at and due_at <= last_held_at and held >= $least_shown_share * (held + lacked_between) then 'neighbours'
    end as shown_by
  from lacked left join read_alone using (source_arn, message_id) anti join hidden using (source_arn, message_id)
), counted as (
  select *, count(*) over (partition by source_arn, topic_arn) as missing from judged where shown_by is not null
), lost as (
  select source_arn, message_id, published_at, topic_arn, shown_by, held, missing, unnest(copies) as delivery_id
  from counted
)
select lost.source_arn, message_id as key, lost.delivery_id, published_at as source_at, topic_arn, records.source_arn as copy_arn, shown_by, held, missing
from lost join records using (delivery_id)
order by source_arn, key, delivery_id
