-- One row per source that has records or coverage.
-- -> source_arn VARCHAR: the source
-- -> service VARCHAR: AWS's eventSource; null where only coverage is known
-- -> records BIGINT: deliveries stored
-- -> partitions BIGINT: partitions that have records
-- -> body_bytes BIGINT: sum of the payloads, bytes
-- -> first_at TIMESTAMP WITH TIME ZONE: earliest source_at
-- -> last_at TIMESTAMP WITH TIME ZONE: latest source_at
-- -> holes BIGINT: spans known not read
-- -> coverage VARCHAR: read, assumed, hole or unknown; the weakest that applies
with held as (
  select source_arn, any_value(service) as service, count(*) as records, count(distinct partition_id) as partitions,
         sum(body_bytes)::BIGINT as body_bytes, min(source_at) as first_at, max(source_at) as last_at
  from records group by source_arn
), covered as (
  select source_arn, count(*) filter (where state = 'hole') as holes,
         case when bool_or(state = 'hole') then 'hole' when bool_or(state = 'assumed') then 'assumed' else 'read' end as coverage
  from coverage group by source_arn
)
select source_arn, held.service, coalesce(held.records, 0) as records, coalesce(held.partitions, 0) as partitions,
       coalesce(held.body_bytes, 0) as body_bytes, held.first_at, held.last_at,
       coalesce(covered.holes, 0) as holes, coalesce(covered.coverage, 'unknown') as coverage
from held full join covered using (source_arn)
order by source_arn
