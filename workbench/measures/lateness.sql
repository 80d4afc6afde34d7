-- One row per source and lateness bound that somebody could allow: what would come too late.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $event_time: JSONPath of the instant at which the event happened
-- $producer: JSONPath of whose clock told the event time; empty for one clock
-- -> source_arn VARCHAR: the source
-- -> bound_ms BIGINT: lateness allowed, ms; up to the first that loses nothing
-- -> late BIGINT: records behind the latest event seen in their partition by more than that
-- -> late_share DOUBLE: their part of the records that tell an event time
-- -> records BIGINT: all of these
-- An event moves the watermark no further than its arrival allows, less what the quickest tenth take: a clock that runs ahead
-- makes nothing else late. A record counts once however often it was delivered.
with said as not materialized (
  select source_arn, delivery_id, sub_sequence, coalesce(key, '') as producer, epoch_us(source_at) - epoch_us(event_at) as delay_us
  from business(nullif($producer, ''), null, $event_time) where $producer <> ''
), skews as (
  select said.delivery_id, said.sub_sequence, least_us
  from said join (select source_arn, producer, min(delay_us) as least_us from said group by all) using (source_arn, producer)
), arrived as (
  select carried.source_arn, carried.partition_id, record_id, carried.sub_sequence, min(epoch_us(source_at)) as arrived_us,
         min(epoch_us(event_at) + coalesce(least_us, 0)) as event_us
  from business(null, null, $event_time) as carried left join skews
    on skews.delivery_id = carried.delivery_id and skews.sub_sequence is not distinct from carried.sub_sequence
  where carried.service <> 'aws:logs' and event_at is not null and source_at is not null
    and ($source_arn is null or carried.source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
  group by all
), quickest as (
  select source_arn, quantile_disc(arrived_us - event_us, 0.1) as quickest_us from arrived group by source_arn
), judged as (
  select source_arn, greatest(0, coalesce(max(least(event_us, arrived_us - quickest_us)) over (
           partition by source_arn, partition_id order by arrived_us, event_us rows between unbounded preceding and 1 preceding)
         - event_us, 0)) / 1000 as late_ms
  from arrived join quickest using (source_arn)
), stepped as (
  select source_arn, late_ms, pow(10, floor(log10(greatest(late_ms, 1)))) as step from judged
), kept_from as (
  select source_arn, case when late_ms <= 0 then 0 when late_ms <= step then step when late_ms <= 2 * step then 2 * step
                          when late_ms <= 5 * step then 5 * step else 10 * step end::bigint as kept_ms, count(*) as records
  from stepped group by all
), asked as (
  select source_arn, unnest(list_concat([0], flatten(list_transform(range(0, 15), lambda e: [1, 2, 5].list_transform(lambda d: d * 10 ** e)))))::bigint
           as bound_ms, max(kept_ms) as enough_ms, sum(records)::bigint as records
  from kept_from group by source_arn
), counted as (
  select source_arn, bound_ms, coalesce(sum(kept_from.records) filter (kept_ms > bound_ms), 0)::bigint as late, asked.records
  from asked join kept_from using (source_arn)
  where bound_ms <= enough_ms
  group by source_arn, bound_ms, asked.records
)
select source_arn, bound_ms, late, late / records as late_share, records
from counted
order by source_arn, bound_ms
