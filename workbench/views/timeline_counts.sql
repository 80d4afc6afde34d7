-- One row per lane and stretch of time that has deliveries.
-- $from_ms: start of the window, milliseconds since 1970
-- $to_ms: its end, left out
-- $step_ms: how long a stretch is
-- $by_partition: whether a partition is a lane of its own; else a source is
-- -> source_arn VARCHAR: the source
-- -> partition_id VARCHAR: its partition; empty where a source is a lane
-- -> stretch BIGINT: number of the stretch, from 0
-- -> deliveries BIGINT: in it, by source_at, or received_at where the service tells none
select source_arn, case when $by_partition then partition_id else '' end as partition_id,
       ((epoch_ms(coalesce(source_at, received_at)) - $from_ms) // $step_ms)::bigint as stretch, count(*) as deliveries
from records
where coalesce(source_at, received_at) >= make_timestamptz($from_ms::bigint * 1000)
  and coalesce(source_at, received_at) < make_timestamptz($to_ms::bigint * 1000)
group by all
order by all
