-- One row per source and producer: how far its clock is off, at most.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $event_time: JSONPath of the instant at which the event happened
-- $producer: JSONPath of whose clock told the event time; empty for one clock
-- -> source_arn VARCHAR: the source
-- -> producer VARCHAR: whose clock; null where nobody is named
-- -> records BIGINT: deliveries that tell an event time
-- -> skew_ms DOUBLE: the least delay from event to arrival: the clock's offset and the quickest way; negative: it runs ahead
-- -> from_others_ms DOUBLE: how far that is from the median producer's of the source
-- -> median_delay_ms DOUBLE: half of the delays are below
-- -> ahead BIGINT: deliveries stamped later than they arrived
-- The lower envelope: a message may take any time longer, but none less than the quickest way, so the least delay tells the clock.
-- Of few records it tells little: the least of their delays may still hold a wait.
with carried as not materialized (
  select source_arn, nullif(key, '') as producer, (epoch_us(source_at) - epoch_us(event_at)) / 1000 as delay_ms
  from business(nullif($producer, ''), null, $event_time)
  where service <> 'aws:logs' and event_at is not null and source_at is not null and ($source_arn is null or source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
), measured as (
  select source_arn, producer, count(*) as records, min(delay_ms) as skew_ms, median(delay_ms) as median_delay_ms,
         count(*) filter (delay_ms < 0) as ahead
  from carried group by source_arn, producer
)
select source_arn, producer, records, skew_ms, skew_ms - median(skew_ms) over (partition by source_arn) as from_others_ms,
       median_delay_ms, ahead
from measured
order by source_arn, skew_ms, producer
