-- One row per delivery of a poison record and per log line that tells of one of its attempts.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $least_attempts: so many attempts, all failed alike
-- $least_success_share: so much of what the function did meanwhile went well
-- $neighbour_ms: where it did nothing meanwhile: so long before and after counts, ms
-- -> source_arn VARCHAR: the source of the record
-- -> key VARCHAR: the record's id
-- -> delivery_id BIGINT: a delivery of the record, or a line
-- -> source_at TIMESTAMP WITH TIME ZONE: its instant
-- -> request_id VARCHAR: the attempt that the line is of; null for a delivery
-- -> attempt BIGINT: of an asynchronous invocation
-- -> signature VARCHAR: what all attempts failed with
-- -> attempts BIGINT: how many there were
-- -> failed_from TIMESTAMP WITH TIME ZONE: start of the first
-- -> failed_to TIMESTAMP WITH TIME ZONE: start of the last
-- -> neighbours BIGINT: other invocations of the function meanwhile (before and after, where there were none)
-- -> neighbours_succeeded BIGINT: of those
-- -> batch_mates BIGINT: records that shared a request with it
-- -> chance DOUBLE: that the attempts after the first failed as its neighbours do
-- An attempt failed when its invocation did, or when a partial answer reported the record: its function answers so, and an error
-- line names it, or it came again, or it reached a dead-letter queue. A success with an error line about it may be either where
-- the mapping is not known: such a record is left out, as are attempts of unknown end. Each batch mate succeeded at some time.
with asked as (
  select handlings.*, (log_group, request_id, attempt) as run from handlings
  where certainty = 1 and ($source_arn is null or source_arn = $source_arn)
    and source_arn not in (select source_arn from dead_letter_queues)
), mapping as (
  select source_arn, log_group, bool_or(contains(document, '"ReportBatchItemFailures"')) as is_partial
  from event_source_mappings group by source_arn, log_group
), retried as materialized (
  select source_arn, partition_id, record_id from asked
  group by source_arn, partition_id, record_id
  having count(distinct run) >= $least_attempts and count(distinct log_group) = 1
), tried as materialized (
  select asked.*, coalesce(is_partial, false) as is_partial, is_partial is null as is_mapping_unknown,
         lead(request_id) over (partition by source_arn, partition_id, record_id order by started_at, first_line_id) is not null as came_again
  from asked semi join retried using (source_arn, partition_id, record_id)
    left join mapping using (source_arn, log_group)
), error_line as materialized (
  select of_request.source_arn as log_group, of_request.request_id, attempt, line.delivery_id as line_id, payload(body) as said,
         signature(line.error_type, line.message) as signature
  from (select of_request.* from request_lines as of_request
        semi join (select log_group as source_arn, request_id, attempt from tried where status = 'success') using (source_arn, request_id, attempt)) as of_request
    join (from log_lines where line_type = 'application' and level in ('ERROR', 'CRITICAL', 'FATAL')) as line using (delivery_id)
    join records on records.service = 'aws:logs' and records.delivery_id = line.delivery_id
), complaint as (
  select tried.source_arn, tried.record_id, run, min_by(struct_pack(line_id := error_line.line_id, signature := signature), error_line.line_id) as line
  from tried join error_line using (log_group, request_id, attempt)
  where contains(said, record_id) or contains(said, split_part(record_id, ':', 2)) and split_part(record_id, ':', 2) <> ''
  group by tried.source_arn, tried.record_id, run
), moved as (
  select distinct origin_arn as source_arn, record_id
  from records join dead_letter_queues using (source_arn)
  where service = 'aws:sqs' and record_id in (select record_id from retried)
), judged as (
  select tried.*, complaint.line.line_id as complaint_id,
         case when status in ('error', 'timeout', 'failure') then 'failed'
           when status <> 'success' then 'unknown'
           when is_partial and (complaint.run is not null or came_again or moved.record_id is not null) then 'failed'
           when is_mapping_unknown and complaint.run is not null then 'unknown'
           else 'succeeded' end as verdict,
         case when status = 'success' then coalesce(complaint.line.signature, 'in batchItemFailures')
           else coalesce(signature(error_type, error_message), status) end as signature
  from tried left join complaint using (source_arn, record_id, run) left join moved using (source_arn, record_id)
), failing as materialized (
  select source_arn, partition_id, record_id, any_value(log_group) as log_group, min(signature) as signature, count(*) as attempts,
         min(started_at) as failed_from, max(started_at) as failed_to, list(run) as runs
  from judged
  group by source_arn, partition_id, record_id
  having bool_and(verdict = 'failed') and count(distinct signature) = 1 and count(started_at) = count(*)
), mates as (
  select failing.source_arn, failing.record_id, count(distinct mate.record_id) as batch_mates,
         count(distinct mate.record_id) filter (mate.record_id in (select record_id from asked where status = 'success')) as mates_succeeded
  from (select source_arn, record_id, unnest(runs) as run from failing) as failing join asked as mate using (source_arn, run)
  where mate.record_id <> failing.record_id
  group by failing.source_arn, failing.record_id
), timeline as materialized (
  select source_arn as log_group, started_at, count(*) over until_now as runs, count(*) filter (status = 'success') over until_now as successes
  from invocations_observed
  where started_at is not null and source_arn in (select log_group from failing)
  window until_now as (partition by source_arn order by started_at range between unbounded preceding and current row)
), own as (
  select source_arn, record_id, count(*) filter (status = 'success') as own_successes from judged group by source_arn, record_id
), edges as (
  select failing.*, coalesce(own_successes, 0) as own_successes,
         unnest([failed_from - to_milliseconds($neighbour_ms), failed_from - to_microseconds(1), failed_to, failed_to + to_milliseconds($neighbour_ms)]) as edge_at,
         unnest(['before', 'from', 'to', 'after']) as edge
  from failing left join own using (source_arn, record_id)
), counted as (
  select edges.source_arn, edges.partition_id, edges.record_id, any_value(attempts) as attempts, any_value(own_successes) as own_successes,
         map_from_entries(list((edge, coalesce(timeline.runs, 0)))) as runs, map_from_entries(list((edge, coalesce(successes, 0)))) as successes
  from edges asof left join timeline on timeline.log_group = edges.log_group and timeline.started_at <= edge_at
  group by edges.source_arn, edges.partition_id, edges.record_id
), around as (
  select *, runs['to'] - runs['from'] - attempts as meanwhile, successes['to'] - successes['from'] - own_successes as meanwhile_succeeded,
         successes['from'] - successes['before'] as before_succeeded, successes['after'] - successes['to'] as after_succeeded
  from counted
), poison as materialized (
  select failing.*, coalesce(batch_mates, 0) as batch_mates,
         case when meanwhile > 0 then meanwhile else around.runs['after'] - around.runs['before'] - failing.attempts end as neighbours,
         case when meanwhile > 0 then meanwhile_succeeded else before_succeeded + after_succeeded end as neighbours_succeeded,
         pow((neighbours - neighbours_succeeded + 1) / (neighbours + 2), failing.attempts - 1) as chance
  from failing join around using (source_arn, partition_id, record_id) left join mates using (source_arn, record_id)
  where coalesce(batch_mates = mates_succeeded, true)
    and case when meanwhile > 0 then meanwhile_succeeded >= $least_success_share * meanwhile
             else before_succeeded > 0 and after_succeeded > 0 end
), witness as (
  select poison.source_arn, poison.partition_id, poison.record_id, records.delivery_id, source_at, null as request_id, null as attempt
  from poison join records using (source_arn, partition_id, record_id)
  where ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
  union all
  select source_arn, partition_id, record_id, line.delivery_id, source_at, request_id, attempt
  from (select distinct source_arn, partition_id, record_id, log_group, request_id, attempt,
               unnest([first_line_id, line_id, complaint_id, last_line_id]) as delivery_id
        from judged semi join poison using (source_arn, partition_id, record_id)) as told
    join (select delivery_id, source_at from log_lines) as line using (delivery_id)
)
select source_arn, record_id as key, delivery_id, source_at, request_id, attempt, signature, attempts, failed_from, failed_to,
       neighbours, neighbours_succeeded, batch_mates, chance
from witness join poison using (source_arn, partition_id, record_id)
where exists (from witness as delivered where request_id is null and delivered.source_arn = poison.source_arn and delivered.record_id = poison.record_id)
order by source_arn, key, delivery_id
