-- One row per event source mapping and time it was looked at.
-- -> source_arn VARCHAR: queue, stream or table stream
-- -> mapping_id VARCHAR: its UUID
-- -> function_arn VARCHAR: as the mapping names it, maybe with a version or an alias
-- -> log_group VARCHAR: ARN of the function's log group
-- -> observed_at TIMESTAMP WITH TIME ZONE: when it was so
-- -> state VARCHAR: Enabled, Disabled, ...
-- -> batch_size BIGINT: BatchSize
-- -> window_s BIGINT: MaximumBatchingWindowInSeconds
-- -> parallelization_factor BIGINT: ParallelizationFactor
-- -> retry_attempts BIGINT: MaximumRetryAttempts; -1: until the record expires
-- -> record_age_s BIGINT: MaximumRecordAgeInSeconds; -1: no limit of its own
-- -> maximum_concurrency BIGINT: ScalingConfig.MaximumConcurrency
-- -> on_failure_arn VARCHAR: DestinationConfig.OnFailure.Destination
-- -> filter_criteria VARCHAR: FilterCriteria as JSON; null: everything passes
-- -> document VARCHAR: all of it, as AWS answered
-- A function logs to /aws/lambda/NAME unless its configuration names another group.
with mapping as (
  select observed_at, unnest(case kind
    when 'list-event-source-mappings' then json_extract(document, '$.EventSourceMappings[*]')
    when 'get-event-source-mapping' then [document::json] end) as told
  from resources where kind in ('list-event-source-mappings', 'get-event-source-mapping') and json_valid(document)
), named as (
  select *, told->>'$.FunctionArn' as function_arn,
         regexp_extract(function_arn, '^arn:([^:]*):lambda:([^:]*):([^:]*):function:([^:]+)', ['partition', 'region', 'account', 'name']) as function
  from mapping
), configured as (
  select regexp_extract(document->>'$.FunctionArn', '^arn:[^:]*:lambda:[^:]*:[^:]*:function:[^:]+') as function_arn,
         arg_max(document->>'$.LoggingConfig.LogGroup', observed_at) as log_group
  from resources where kind = 'get-function-configuration' and json_valid(document) group by 1
)
select told->>'$.EventSourceArn' as source_arn, told->>'$.UUID' as mapping_id, named.function_arn,
       format('arn:{}:logs:{}:{}:log-group:{}', function.partition, function.region, function.account,
              coalesce(configured.log_group, '/aws/lambda/' || function.name)) as log_group,
       observed_at, told->>'$.State' as state, try_cast(told->>'$.BatchSize' as bigint) as batch_size,
       try_cast(told->>'$.MaximumBatchingWindowInSeconds' as bigint) as window_s,
       try_cast(told->>'$.ParallelizationFactor' as bigint) as parallelization_factor,
       try_cast(told->>'$.MaximumRetryAttempts' as bigint) as retry_attempts,
       try_cast(told->>'$.MaximumRecordAgeInSeconds' as bigint) as record_age_s,
       try_cast(told->>'$.ScalingConfig.MaximumConcurrency' as bigint) as maximum_concurrency,
       told->>'$.DestinationConfig.OnFailure.Destination' as on_failure_arn,
       case when json_array_length(told, '$.FilterCriteria.Filters') > 0 then told->>'$.FilterCriteria' end as filter_criteria,
       told::varchar as document
from named left join configured
  on configured.function_arn = regexp_extract(named.function_arn, '^arn:[^:]*:lambda:[^:]*:[^:]*:function:[^:]+')
where source_arn is not null and named.function_arn is not null
