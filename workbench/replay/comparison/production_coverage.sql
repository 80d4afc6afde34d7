-- One row per log group of the source's consumers: what of it was read.
-- $run_id: the run
-- -> log_group VARCHAR: ARN
-- -> from_at TIMESTAMP WITH TIME ZONE: first instant read; null where nothing was
-- -> to_at TIMESTAMP WITH TIME ZONE: last instant read
-- -> holes BIGINT: spans known not read
with origin as (
  select source_arn from runs where run_id = $run_id
  union
  select origin_arn from dead_letter_queues join runs using (source_arn) where run_id = $run_id
), consumer as (
  select log_group as source_arn from event_source_mappings semi join origin using (source_arn)
  union
  select log_group from handlings semi join origin using (source_arn)
)
select source_arn as log_group, min(from_at) filter (state <> 'hole') as from_at, max(to_at) filter (state <> 'hole') as to_at,
       count(*) filter (state = 'hole') as holes
from consumer left join settled_coverage using (source_arn)
where source_arn is not null
group by source_arn
order by source_arn
