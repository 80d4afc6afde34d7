-- One row per event source mapping that reads a stream, as it was last seen; disabled ones are left out.
-- $source_arn: the stream
-- -> function VARCHAR: name
-- -> log_group VARCHAR: ARN of the function's log group
-- -> batch_size BIGINT: BatchSize
-- -> parallelization_factor BIGINT: ParallelizationFactor
-- -> fan_out BOOLEAN: it reads as a registered consumer, with a throughput of its own
with mapping as (
  select mapping_id, max_by(columns(* exclude (mapping_id)), observed_at)
  from event_source_mappings
  where source_arn = $source_arn or starts_with(source_arn, $source_arn || '/consumer/')
  group by mapping_id
)
select regexp_extract(function_arn, ':function:([^:]+)', 1) as function, log_group, batch_size, parallelization_factor,
       source_arn <> $source_arn as fan_out
from mapping
where coalesce(state, '') not in ('Disabled', 'Disabling', 'Deleting')
order by function, fan_out, log_group
