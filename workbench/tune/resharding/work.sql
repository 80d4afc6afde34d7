-- One row per log group of a stream's functions: how long an invocation takes, and how many records it has.
-- $source_arn: the stream
-- $log_groups: ARNs of the log groups
-- -> log_group VARCHAR: the group
-- -> invocations BIGINT: those whose records are told; where none are, those with a duration
-- -> batch_s DOUBLE: mean duration of these
-- -> records BIGINT: the stream's records that lines name in them; null where no line names one
with batch as (
  select log_group, request_id, attempt, count(distinct record_id) as records
  from handlings
  where source_arn = $source_arn and certainty = 1 and list_contains($log_groups, log_group)
  group by all
), call as (
  select invocation.source_arn as log_group, duration_ms / 1000 as duration_s, records,
         bool_or(records is not null) over (partition by invocation.source_arn) as is_told
  from invocations_observed as invocation left join batch
    on batch.log_group = invocation.source_arn and batch.request_id = invocation.request_id
   and batch.attempt = invocation.attempt
  where list_contains($log_groups, invocation.source_arn) and duration_ms is not null
)
select log_group, count(*) as invocations, avg(duration_s) as batch_s, sum(records)::BIGINT as records
from call
where records is not null or not is_told
group by log_group
order by log_group
