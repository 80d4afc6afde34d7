-- One row per delivery in the window, where they are few enough to be drawn one by one.
-- $from_ms: start of the window, milliseconds since 1970
-- $to_ms: its end, left out
-- $by_partition: whether a partition is a lane of its own; else a source is
-- $most: rows at most
-- -> source_arn VARCHAR: the source
-- -> partition_id VARCHAR: its partition; empty where a source is a lane
-- -> at_ms DOUBLE: when, since 1970
-- -> delivery_id BIGINT: the delivery
select source_arn, case when $by_partition then partition_id else '' end as partition_id,
       epoch_us(coalesce(source_at, received_at)) / 1000 as at_ms, delivery_id
from records
where coalesce(source_at, received_at) >= make_timestamptz($from_ms::bigint * 1000)
  and coalesce(source_at, received_at) < make_timestamptz($to_ms::bigint * 1000)
order by at_ms, delivery_id
limit $most
