-- One row per stretch of time and doubling of latency that has records: from a record's arrival to the START of an attempt.
-- $from_ms: start of the window, milliseconds since 1970
-- $to_ms: its end, left out
-- $step_ms: how long a stretch is
-- -> stretch BIGINT: number of the stretch, from 0
-- -> doubling BIGINT: n: the latency is at least 2^n ms and less than 2^(n + 1); 0 holds what is shorter, too
-- -> attempts BIGINT: attempts in it
with begun as (
  select epoch_ms(arrived.at) as arrived_ms, greatest(epoch_ms(started_at) - epoch_ms(arrived.at), 1) as latency_ms
  from handlings join (
    select source_arn, record_id, min(source_at) as at from records where source_at is not null group by source_arn, record_id
  ) as arrived using (source_arn, record_id)
  where started_at is not null
)
select ((arrived_ms - $from_ms) // $step_ms)::bigint as stretch, floor(log2(latency_ms))::bigint as doubling,
       count(*) as attempts
from begun
where arrived_ms >= $from_ms and arrived_ms < $to_ms
group by all
order by all
