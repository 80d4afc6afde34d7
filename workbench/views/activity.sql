-- One row per time bucket and series that has deliveries; sources beyond the busiest are one series.
-- $buckets: most buckets between the first and the last delivery
-- $series: most series
-- -> source_arn VARCHAR: the source; null for the less busy ones together
-- -> from_at TIMESTAMP WITH TIME ZONE: start of the bucket, a multiple of its length since the epoch
-- -> to_at TIMESTAMP WITH TIME ZONE: its end
-- -> deliveries BIGINT: deliveries in it, by source_at, or received_at where the service tells none
with timed as (
  select source_arn, epoch_ms(coalesce(source_at, received_at)) as at_ms from records
), busiest as (
  select source_arn, row_number() over (order by count(*) desc, source_arn) as place, count(*) over () as sources
  from timed group by source_arn
), span as (
  select (max(at_ms) - min(at_ms)) / ($buckets - 2) as least_ms from timed
), step as (
  select coalesce(
    list_filter([1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
                 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 21_600_000, 43_200_000],
                lambda ms: ms >= least_ms)[1],
    ceil(least_ms / 86_400_000) * 86_400_000)::BIGINT as ms
  from span
), placed as (
  select case when place < $series or sources <= $series then source_arn end as source_arn,
         (floor(at_ms / step.ms) * step.ms)::BIGINT as from_ms
  from timed join busiest using (source_arn) cross join step
)
select source_arn, make_timestamptz(from_ms * 1_000) as from_at, make_timestamptz((from_ms + step.ms) * 1_000) as to_at,
       count(*) as deliveries
from placed cross join step
group by source_arn, from_ms, step.ms
order by source_arn nulls last, from_ms
