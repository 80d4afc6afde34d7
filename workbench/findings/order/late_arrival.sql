-- One row per record whose event happened further behind the latest event that had already arrived than lateness explains.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $key: JSONPath of the business key; null for none
-- $sequence: JSONPath of the business sequence; null for none
-- $event_time: JSONPath of the instant at which the event happened
-- $producer: JSONPath of whose clock told the event time; empty for one clock
-- $lateness_ms: the bound, ms; 0 for one from the source's own delays
-- $lateness_floor_ms: a bound from delays is never less, ms
-- $times_tail: a bound from delays is so many times what their tail reaches
-- $chance: largest probability that the tail of delays goes as far in the whole source
-- $least_arrivals: fewer records of a source than this tell no bound
-- -> source_arn VARCHAR: the source
-- -> key VARCHAR: the record's id
-- -> delivery_id BIGINT: its first delivery
-- -> source_at TIMESTAMP WITH TIME ZONE: when it arrived
-- -> sub_sequence INTEGER: its place in an aggregate; null for a plain record
-- -> event_at TIMESTAMP WITH TIME ZONE: when its event happened, skew of the producer's clock taken out
-- -> latest_event_at TIMESTAMP WITH TIME ZONE: the latest event that had arrived in the partition before it
-- -> late_ms DOUBLE: how far behind that
-- -> bound_ms DOUBLE: what was allowed
-- -> by_chance DOUBLE: probability that ordinary delays reach so far in this source; 0 where a person set the bound
-- Watermark: the latest event time seen in the partition, less the bound. An event moves it no further than its arrival allows: one
-- stamped by a clock that runs ahead would make all others late.
-- The bound: the delays between the 50th, 90th and 95th percentile (99th of many) tell how fast their tail thins out (as an
-- exponential one, which holds normal and even ones too); 5 % late ones, 1 % of many, do not move them. So few a hundredth of
-- the delays fixes the tail that it is widened as a prediction from as many values must be.
-- A delay, less the quickest tenth's, bounds lateness from above: only records beyond it are compared with what came before.
with said as not materialized (
  select source_arn, delivery_id, sub_sequence, coalesce(key, '') as producer, epoch_us(source_at) - epoch_us(event_at) as delay_us
  from business(nullif($producer, ''), null, $event_time) where $producer <> ''
), skews as (
  select said.delivery_id, said.sub_sequence, least_us
  from said join (select source_arn, producer, min(delay_us) as least_us from said group by all) using (source_arn, producer)
), arrived as not materialized (
  select carried.source_arn, carried.partition_id, carried.record_id, carried.delivery_id, carried.sub_sequence, carried.source_at,
         epoch_us(carried.source_at) as arrived_us, epoch_us(carried.event_at) + coalesce(least_us, 0) as event_us,
         arrived_us - event_us as delay_us
  from business($key, $sequence, $event_time) as carried left join skews
    on skews.delivery_id = carried.delivery_id and skews.sub_sequence is not distinct from carried.sub_sequence
  where carried.service <> 'aws:logs' and carried.event_at is not null and carried.source_at is not null
    and ($source_arn is null or carried.source_arn = $source_arn)
    and ($since is null or carried.source_at >= $since) and ($until is null or carried.source_at <= $until)
), delays as (
  select source_arn, count(*)::double as records, quantile_disc(delay_us, [0.1, 0.5, 0.9, 0.95, 0.99]) as delay from arrived group by source_arn
), tails as (
  select source_arn, records, delay[1] as quickest_us, delay[3] - delay[1] as body_us, 0.4 * records as told_by,
         greatest(1, (delay[3] - delay[2]) / ln(5), case when records >= 200 then (delay[4] - delay[3]) / ln(2) end,
                  case when records >= 2000 then (delay[5] - delay[4]) / ln(5) end) as thins_us
  from delays
), bounds as (
  select *, case when $lateness_ms > 0 then 1000 * $lateness_ms when records >= $least_arrivals then greatest(1000 * $lateness_floor_ms,
           $times_tail * (body_us + thins_us * told_by * (pow(greatest(1, 0.1 * records / $chance), 1 / told_by) - 1))) end as bound_us
  from tails
), suspected as (
  select arrived.*, bound_us from arrived join bounds using (source_arn) where delay_us - quickest_us > bound_us
), seen as (
  select arrived.*, bounds.* exclude (source_arn), max(least(event_us, arrived_us - quickest_us)) over (partition by arrived.source_arn, partition_id
           order by arrived_us, event_us rows between unbounded preceding and 1 preceding) as latest_us
  from arrived join bounds using (source_arn) semi join suspected using (source_arn, partition_id)
), late as (
  select * from seen where latest_us - event_us > bound_us
  qualify row_number() over (partition by source_arn, partition_id, record_id, sub_sequence order by delivery_id) = 1
), content as (
  select delivery_id, body_hash from records semi join late using (delivery_id)
), repeated as (
  select late.delivery_id, late.sub_sequence
  from late join content using (delivery_id) join arrived as earlier
      on earlier.source_arn = late.source_arn and earlier.event_us = late.event_us and earlier.record_id <> late.record_id
     and earlier.arrived_us < late.arrived_us
    join records on records.delivery_id = earlier.delivery_id and records.body_hash = content.body_hash
)
select source_arn, record_id as key, delivery_id, source_at, sub_sequence, make_timestamptz(event_us) as event_at,
       make_timestamptz(latest_us) as latest_event_at, (latest_us - event_us) / 1000 as late_ms, bound_us / 1000 as bound_ms,
       case when $lateness_ms > 0 then 0 else least(1, 0.1 * records * pow(1 + greatest(0, (latest_us - event_us) / $times_tail - body_us)
         / (thins_us * told_by), -told_by)) end::double as by_chance
from late where not exists (
  from repeated where repeated.delivery_id = late.delivery_id and repeated.sub_sequence is not distinct from late.sub_sequence)
order by source_arn, key, sub_sequence, delivery_id
