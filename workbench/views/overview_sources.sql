-- One row per source that has records.
-- -> source_arn VARCHAR: the source
-- -> deliveries BIGINT: deliveries stored
-- -> selected BIGINT: those for which the condition of the other views holds
-- -> partitions BIGINT: partitions that have records
-- -> payload_bytes HUGEINT: of all payloads
-- -> first_at TIMESTAMP WITH TIME ZONE: the first delivery, by source_at or received_at
-- -> last_at TIMESTAMP WITH TIME ZONE: the last
select source_arn, count(*) as deliveries, count(*) filter (where true) as selected,
       count(distinct partition_id) as partitions, sum(body_bytes) as payload_bytes,
       min(coalesce(source_at, received_at)) as first_at, max(coalesce(source_at, received_at)) as last_at
from records
group by source_arn
order by source_arn
