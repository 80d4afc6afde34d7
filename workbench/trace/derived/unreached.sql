-- One row per record of a stream and mapping that no log line of the mapping's function tells of, between two that are told of.
-- -> source_arn VARCHAR: the stream
-- -> partition_id VARCHAR: its shard
-- -> record_id VARCHAR: the record
-- -> delivery_id BIGINT: its first delivery
-- -> source_at TIMESTAMP WITH TIME ZONE: when it arrived
-- -> mapping_id VARCHAR: the event source mapping
-- -> log_group VARCHAR: ARN of the function's log group
-- -> passes BOOLEAN: the mapping's filters let it through; null: cannot be told
-- -> limit_s BIGINT: how old it may get; null: not known
-- -> limit_name VARCHAR: what says so, maximum_record_age or retention
-- -> covered_to_at TIMESTAMP WITH TIME ZONE: up to when the log was read from its arrival on, without a hole
-- -> handled BIGINT: records of the shard that the log tells of
-- -> unhandled BIGINT: records of the shard that it should tell of and does not
-- -> before_delivery_id BIGINT: the nearest earlier record that it tells of
-- -> before_line_id BIGINT: the line that tells it
-- -> after_delivery_id BIGINT: the nearest later record that it tells of
-- -> after_line_id BIGINT: the line that tells it
-- -> after_started_at TIMESTAMP WITH TIME ZONE: when the function first began with that one
-- -> is_within_request BOOLEAN: both are of one request, so this one was too
-- -> may_be_in_failed BOOLEAN: the earlier one's request failed and prints ids one by one: it may have ended before this one's
-- -> unaccounted_at TIMESTAMP WITH TIME ZONE: first invocation from the arrival on that tells of no record; null: none
-- Of queues nothing is told: a message that we hold was still in its queue, or we took it. Mappings that were off, or whose filters
-- changed, at any look are left out.
with mapped as (
  select source_arn, mapping_id, log_group, any_value(filter_criteria) as filter_criteria, max(record_age_s) as record_age_s
  from event_source_mappings
  where regexp_matches(source_arn, '^arn:[^:]*:(kinesis|dynamodb):')
  group by source_arn, mapping_id, log_group
  having bool_and(state = 'Enabled') and count(distinct coalesce(filter_criteria, '')) = 1 and count(distinct coalesce(record_age_s, -1)) = 1
), told as (
  select source_arn, partition_id, record_id, log_group, min(started_at) as first_started_at, list(distinct request_id) as request_ids,
         min(line_id) as line_id, bool_or(status in ('error', 'timeout', 'failure')) and not bool_or(told_by = 'event') as may_end_early,
         bool_and(certainty = 1) as is_certain
  from handlings group by source_arn, partition_id, record_id, log_group
), captured as (
  select source_arn, partition_id, record_id, any_value(service) as service, min(delivery_id) as delivery_id, min(source_at) as source_at,
         any_value(sequence_number) as sequence_number
  from records semi join told using (source_arn) semi join mapped using (source_arn)
  where service in ('aws:kinesis', 'aws:dynamodb') and sequence_number is not null and source_at is not null
  group by source_arn, partition_id, record_id
), paired as (
  select captured.*, mapped.* exclude (source_arn), told.* exclude (source_arn, partition_id, record_id, log_group)
  from captured join mapped using (source_arn)
    left join told on told.source_arn = captured.source_arn and told.partition_id = captured.partition_id
      and told.record_id = captured.record_id and told.log_group = mapped.log_group
), placed as (
  select *, is_certain and first_started_at is not null as is_known,
         row_number() over (partition by source_arn, partition_id, mapping_id order by length(sequence_number), sequence_number) as place
  from paired
), bounded as (
  select *, max(case when is_known then place end) over (partition by source_arn, partition_id, mapping_id order by place
              rows between unbounded preceding and current row) as before_place,
         min(case when is_known then place end) over (partition by source_arn, partition_id, mapping_id order by place
              rows between current row and unbounded following) as after_place
  from placed
), known as (
  select source_arn, partition_id, mapping_id, place, delivery_id, line_id, request_ids, may_end_early, first_started_at
  from placed where is_known
), without as (
  select source_arn, partition_id, record_id, service, delivery_id, source_at, mapping_id, log_group, record_age_s, filter_criteria,
         before_place, after_place
  from bounded where request_ids is null and before_place is not null and after_place is not null
), contents as (
  select delivery_id, mapping_id, redaction is null as is_whole, mapping_admits(filter_criteria, service, body, envelope) as admitted
  from records join (select delivery_id, mapping_id, filter_criteria from without where filter_criteria is not null) using (delivery_id)
    left join captures using (capture_id)
), between_two as (
  select without.*, case when filter_criteria is null then true when is_whole then admitted end as passes,
         earlier.delivery_id as before_delivery_id, earlier.line_id as before_line_id, earlier.may_end_early as may_be_in_failed,
         later.delivery_id as after_delivery_id, later.line_id as after_line_id, later.first_started_at as after_started_at,
         list_has_any(earlier.request_ids, later.request_ids) as is_within_request
  from without left join contents using (delivery_id, mapping_id)
    join known as earlier on earlier.source_arn = without.source_arn and earlier.partition_id = without.partition_id
      and earlier.mapping_id = without.mapping_id and earlier.place = before_place
    join known as later on later.source_arn = without.source_arn and later.partition_id = without.partition_id
      and later.mapping_id = without.mapping_id and later.place = after_place
), counted as (
  select source_arn, partition_id, mapping_id, count(*) as handled from known group by all
), uncounted as (
  select source_arn, partition_id, mapping_id, count(*) filter (passes is distinct from false) as unhandled from between_two group by all
), retained as (
  select source_arn, max(3600 * try_cast(coalesce(document->>'$.StreamDescriptionSummary.RetentionPeriodHours',
           document->>'$.StreamDescription.RetentionPeriodHours') as bigint)) as retention_s
  from resources where kind in ('describe-stream-summary', 'describe-stream') and json_valid(document) group by source_arn
), unaccounted as (
  select invocation.source_arn as log_group, invocation.started_at
  from invocations_observed as invocation anti join handlings
    on handlings.log_group = invocation.source_arn and handlings.request_id = invocation.request_id
  where started_at is not null
), spans as (
  select source_arn as log_group, from_at, to_at from coverage where state in ('read', 'sealed')
  union all
  select source_arn, min(from_at), max(to_at) from coverage where state = 'assumed' group by source_arn
), reached as (
  select delivery_id, mapping_id, max(to_at) as to_at
  from between_two join spans using (log_group) where from_at <= source_at and to_at >= source_at group by all
), broken as (
  select delivery_id, mapping_id, min(greatest(from_at, between_two.source_at)) as from_at
  from between_two join coverage as hole on hole.source_arn = log_group
  where hole.state = 'hole' and hole.to_at >= between_two.source_at group by all
)
select source_arn, partition_id, record_id, delivery_id, source_at, mapping_id, log_group, passes,
       case when record_age_s > 0 then least(record_age_s, coalesce(retention_s, record_age_s))
            when service = 'aws:dynamodb' then 86400 else retention_s end as limit_s,
       case when record_age_s > 0 and record_age_s <= coalesce(retention_s, record_age_s) then 'maximum_record_age' else 'retention' end as limit_name,
       least(reached.to_at, broken.from_at) as covered_to_at, handled, unhandled, before_delivery_id, before_line_id,
       after_delivery_id, after_line_id, after_started_at, is_within_request, may_be_in_failed, unaccounted_at
from (
    select between_two.*, unaccounted.started_at as unaccounted_at
    from between_two asof left join unaccounted
      on unaccounted.log_group = between_two.log_group and between_two.source_at <= unaccounted.started_at
  )
  join reached using (delivery_id, mapping_id) left join broken using (delivery_id, mapping_id)
  join counted using (source_arn, partition_id, mapping_id) join uncounted using (source_arn, partition_id, mapping_id)
  left join retained using (source_arn)
