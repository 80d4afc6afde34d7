-- One row per delivery of a stream record that one consumer had in several requests, and per line of these requests.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- -> source_arn VARCHAR: the stream, of lines too
-- -> key VARCHAR: shard and sequence number
-- -> delivery_id BIGINT: the delivery, or the log event
-- -> source_at TIMESTAMP WITH TIME ZONE: when the record arrived, or the line was written
-- -> log_group VARCHAR: the consumer's
-- -> request_id VARCHAR: the request whose line it is; null for a delivery
-- -> told_by VARCHAR: how the log ties the record to the request (event, line); null for a delivery
-- -> cause VARCHAR: retry, partial_failure_or_reread, after_success or unknown
-- -> completions BIGINT: requests that had it and ended well
-- A consumer is a log group, and a version of the function where several mappings of the stream lead to that group. Every other
-- consumer of the stream reads each record too, as it should. The cause by what became of the requests before the last one:
-- retry: each failed; after_success: one had ended well (a checkpoint was lost, a lease moved); partial_failure_or_reread:
-- likewise, but the mapping lets the function report single records as failed, which no log tells.
with mappings as (
  select source_arn, mapping_id, arg_max(log_group, observed_at) as log_group,
         bool_or(contains(document, 'ReportBatchItemFailures')) as reports_failures
  from event_source_mappings group by source_arn, mapping_id
), consumers as (
  select source_arn, log_group, count(*) as mappings, bool_or(reports_failures) as reports_failures from mappings group by all
), handled as (
  select source_arn, partition_id, record_id, log_group, request_id, of_version,
         min(started_at) as began_at, max(ended_at) as over_at, max(status) as status, min(told_by) as told_by,
         [min(first_line_id), min(line_id), max(last_line_id)] as lines, coalesce(bool_or(reports_failures), false) as reports_failures
  from (select handlings.*, reports_failures, case when mappings > 1 then version end as of_version
        from handlings left join consumers using (source_arn, log_group))
  where certainty = 1 and split_part(source_arn, ':', 3) in ('kinesis', 'dynamodb') and ($source_arn is null or source_arn = $source_arn)
  group by source_arn, partition_id, record_id, log_group, request_id, of_version
), placed as (
  select *, row_number() over (partition by source_arn, partition_id, record_id, log_group, of_version
                               order by coalesce(began_at, over_at) desc nulls last, request_id desc) = 1 as is_last
  from handled
), reread as (
  select source_arn, partition_id, record_id, log_group, of_version, count(*) filter (status = 'success') as completions,
         case when bool_or(not is_last and status = 'success')
                then case when bool_or(reports_failures) then 'partial_failure_or_reread' else 'after_success' end
              when bool_or(not is_last and status = 'unknown') then 'unknown' else 'retry' end as cause
  from placed group by all having count(*) > 1
), records_of as (
  select records.source_arn, records.partition_id, records.record_id, sequence_number, delivery_id, source_at
  from records semi join reread using (source_arn, partition_id, record_id)
  where service in ('aws:kinesis', 'aws:dynamodb')
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
), numbers as (
  select source_arn, partition_id, record_id, concat(partition_id, ':', min(sequence_number)) as key from records_of
  group by source_arn, partition_id, record_id
), lines as (
  select distinct source_arn, partition_id, record_id, log_group, of_version, request_id, told_by, unnest(lines) as delivery_id
  from handled
), witness as (
  select source_arn, partition_id, record_id, log_group, of_version, delivery_id, source_at, null::varchar as request_id,
         null::varchar as told_by
  from records_of join reread using (source_arn, partition_id, record_id)
  union all
  select lines.source_arn, lines.partition_id, lines.record_id, log_group, of_version, delivery_id, records.source_at, request_id, told_by
  from lines semi join reread using (source_arn, partition_id, record_id, log_group) join records using (delivery_id)
  where service = 'aws:logs'
)
select witness.source_arn, key, delivery_id, source_at, witness.log_group, request_id, told_by, cause, completions
from witness join numbers using (source_arn, partition_id, record_id)
  join reread on reread.source_arn = witness.source_arn and reread.partition_id = witness.partition_id
    and reread.record_id = witness.record_id and reread.log_group = witness.log_group
    and reread.of_version is not distinct from witness.of_version
order by source_arn, key, log_group, request_id, source_at, delivery_id
