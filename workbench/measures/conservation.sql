-- One row per source and consumer that the trace tells of: what went in, and what of it came out.
-- $source_arn: only this source; null for all
-- $since: earliest instant of a record; null for no bound
-- $until: latest instant of a record; null for no bound
-- $settle_ms: what came in so shortly before reading ended may still come out, ms
-- -> source_arn VARCHAR: topic, queue or stream
-- -> consumer_arn VARCHAR: queue behind the topic; log group of the function behind the queue or stream
-- -> from_at TIMESTAMP WITH TIME ZONE: both were read from here on
-- -> to_at TIMESTAMP WITH TIME ZONE: both were read up to here, less the settling time
-- -> attempted BIGINT: records that the source was given, known from its own capture or from another consumer of it
-- -> acknowledged BIGINT: those that the source itself shows to have taken
-- -> ok BIGINT: attempted ones that the consumer has at least once
-- -> lost BIGINT: acknowledged ones that it has not, nor its dead-letter queue; null where that may have another reason
-- -> unexpected BIGINT: records of the source that the consumer has and that were not attempted as far as is known
-- -> duplicated BIGINT: copies that the consumer has beyond the first of each
-- -> recovered BIGINT: ok ones that were not acknowledged
-- -> dead_lettered BIGINT: acknowledged ones that stand in the queue's dead-letter queue; null: none is known or it was not captured
-- Sets of records, by the id that the source gave: counted where their instant lies in the span that both were read and in no hole of
-- either. A function has a record that was in a request, however the request ended. Null is unknown, never zero. Another reason:
-- a filter, or a subscription of which none is told; a queue that was only peeked into; requests that do not tell their records. Raw
-- delivery leaves a queue's copies without the topic's id, and of a source that was not captured itself nothing can be counted.
with seen as (
  select source_arn, record_id, min(source_at) as told_at, bool_or(not contains(attributes, '"mode":"logged"')) as is_held,
         bool_and(contains(attributes, '"mode":"peek"')) as is_peeked
  from records where service in ('aws:sns', 'aws:sqs', 'aws:kinesis', 'aws:dynamodb')
  group by source_arn, record_id
), arrived as (
  select topic_arn as source_arn, notifications.source_arn as consumer_arn, published_id as record_id,
         count(distinct notifications.record_id) as copies, min(source_at) as told_at
  from notifications join (select delivery_id, source_at from records where service = 'aws:sqs') using (delivery_id)
  group by topic_arn, notifications.source_arn, published_id
  union all
  select source_arn, log_group, record_id, count(distinct (request_id, attempt)), null
  from handlings group by source_arn, log_group, record_id
), elsewhere as (
  select source_arn, record_id, count(*) as consumers, min(told_at) as told_at from arrived group by source_arn, record_id
), subscribed as (
  select topic_arn as source_arn, endpoint as consumer_arn, bool_or(is_told_whole) and bool_and(filter_policy is null) as takes_all,
         bool_or(is_raw) as is_raw
  from subscriptions where protocol = 'sqs' group by topic_arn, endpoint
), mapped as (
  select source_arn, log_group, bool_and(filter_criteria is null), false from event_source_mappings group by source_arn, log_group
), span as (
  select source_arn, min(from_at) as from_at, max(to_at) as to_at from settled_coverage where state <> 'hole' group by source_arn
), pair as (
  select told.source_arn, consumer_arn, coalesce(bool_and(takes_all), false) as takes_all, coalesce(bool_or(is_raw), false) as is_raw,
         case when any_value(source.from_at) is not null
              then greatest(any_value(source.from_at), any_value(consumer.from_at)) end as from_at,
         case when any_value(source.from_at) is not null
              then least(any_value(source.to_at), any_value(consumer.to_at)) - to_milliseconds($settle_ms) end as to_at
  from (from subscribed union all from mapped union all select distinct source_arn, consumer_arn, null, null from arrived) as told
    join span as consumer on consumer.source_arn = consumer_arn left join span as source on source.source_arn = told.source_arn
  where told.source_arn is not null and ($source_arn is null or told.source_arn = $source_arn)
  group by told.source_arn, consumer_arn
), named as (
  select source_arn, consumer_arn, record_id from pair join seen using (source_arn) where is_held
  union
  select source_arn, pair.consumer_arn, record_id from pair join elsewhere using (source_arn)
), known as (
  select named.*, coalesce(seen.told_at, elsewhere.told_at) as told_at, coalesce(is_held, false) as is_acknowledged,
         coalesce(copies, 0) as copies, is_acknowledged or coalesce(consumers, 0) > (copies is not null)::integer as is_attempted
  from named left join seen using (source_arn, record_id) left join arrived using (source_arn, consumer_arn, record_id)
    left join elsewhere using (source_arn, record_id)
), counted as (
  select known.* from known join pair using (source_arn, consumer_arn)
  where known.told_at between from_at and to_at
    and ($since is null or known.told_at >= $since) and ($until is null or known.told_at <= $until)
    and not exists (from settled_coverage as hole where hole.state = 'hole' and hole.source_arn in (known.source_arn, known.consumer_arn)
                      and hole.from_at <= known.told_at + to_milliseconds($settle_ms) and hole.to_at >= known.told_at)
), dead_letter as (
  select origin_arn as source_arn, min(source_arn) as dead_letter_arn from dead_letter_queues group by origin_arn
), dead as (
  select dead_letter.source_arn, record_id, true as is_dead from dead_letter join seen on seen.source_arn = dead_letter_arn where is_held
), silent as (
  select distinct invocation.source_arn as consumer_arn, true as is_silent
  from invocations_observed as invocation
    anti join handlings on handlings.log_group = invocation.source_arn and handlings.request_id = invocation.request_id
), peeked as (
  select source_arn, bool_and(is_peeked) as is_peeked from seen where is_held group by source_arn
), figures as (
  select source_arn, consumer_arn, count(*) filter (is_attempted) as attempted, count(*) filter (is_acknowledged) as acknowledged,
         count(*) filter (is_attempted and copies > 0) as ok,
         count(*) filter (is_acknowledged and copies = 0 and is_dead is null) as missing,
         count(*) filter (not is_attempted and copies > 0) as unexpected,
         coalesce(sum(copies - 1) filter (copies > 0), 0)::bigint as duplicated,
         count(*) filter (is_attempted and not is_acknowledged and copies > 0) as recovered,
         count(*) filter (is_acknowledged and is_dead) as dead
  from pair left join counted using (source_arn, consumer_arn) left join dead using (source_arn, record_id)
  group by source_arn, consumer_arn
)
select source_arn, consumer_arn, from_at, to_at, case when from_at is not null then attempted end as attempted,
       case when from_at is not null then acknowledged end as acknowledged,
       case when from_at is not null and not is_raw then ok end as ok,
       case when from_at is not null and not is_raw and (missing = 0 or takes_all and source_peek.is_peeked is distinct from true
                 and consumer_peek.is_peeked is distinct from true and is_silent is null) then missing end as lost,
       case when from_at is not null and not is_raw and (unexpected = 0 or source_peek.is_peeked is distinct from true)
            then unexpected end as unexpected,
       case when from_at is not null and not is_raw then duplicated end as duplicated,
       case when from_at is not null and not is_raw then recovered end as recovered,
       case when from_at is not null and dead_letter_arn in (select source_arn from span) then dead end as dead_lettered
from pair join figures using (source_arn, consumer_arn) left join silent using (consumer_arn) left join dead_letter using (source_arn)
  left join peeked as source_peek using (source_arn) left join peeked as consumer_peek on consumer_peek.source_arn = pair.consumer_arn
order by source_arn, consumer_arn
