-- One row per record of a run, with its last verdict there and what became of it in production, as far as the trace tells.
-- $run_id: the run
-- $min_certainty: requests that are less sure to have had the record do not count
-- -> partition_id VARCHAR: as captured
-- -> record_id VARCHAR: as captured
-- -> delivery_id BIGINT: of the captured row
-- -> verdict_a VARCHAR: in the run
-- -> error_a VARCHAR: signature of its error in the run
-- -> attempts_a INTEGER: deliveries in the run
-- -> verdict_b VARCHAR: in production: succeeded, failed (its last request that is told), dead_lettered; null where it is not known
-- -> error_b VARCHAR: signature of that request's error
-- -> attempts_b INTEGER: requests that had it
-- -> differs BOOLEAN: one succeeded and the other did not, or they failed of different causes; null where it is not known
-- -> request_id VARCHAR: of the last
-- -> log_group VARCHAR: that tells it
-- A run of a dead-letter queue is held against what became of the message in the queue that it came from. A request that ended well
-- is a success, but where a partial answer may have named the record (an error line of the request does, and no mapping rules it
-- out) it is not known; nor is it where two functions had the record and it fared differently in them.
with origin as (
  select source_arn from runs where run_id = $run_id
  union
  select origin_arn from dead_letter_queues join runs using (source_arn) where run_id = $run_id
), ran as (
  select partition_id, record_id, delivery_id, verdict, attempt,
         case when error_type is not null or error_message is not null then signature(error_type, error_message) end as error
  from outcomes where run_id = $run_id
  qualify row_number() over (partition by partition_id, record_id order by attempt desc) = 1
), mapping as (
  select log_group, bool_or(contains(document, '"ReportBatchItemFailures"')) as is_partial
  from event_source_mappings semi join origin using (source_arn) group by log_group
), dead as (
  select distinct record_id, true as is_dead
  from records join dead_letter_queues using (source_arn)
  where origin_arn in (select source_arn from origin) and service = 'aws:sqs'
), tried as (
  select record_id, log_group, request_id, attempt, status, error_type, error_message,
         count(*) over (partition by record_id, log_group) as attempts
  from (from handlings semi join origin using (source_arn)) semi join ran using (record_id)
  where certainty >= $min_certainty
  qualify row_number() over (partition by record_id, log_group order by started_at desc nulls last, first_line_id desc) = 1
), doubtful as materialized (
  select tried.* from tried left join mapping using (log_group) where status = 'success' and is_partial is distinct from false
), named as (
  select distinct record_id, log_group, true as is_named
  from (select of_request.source_arn as log_group, of_request.request_id, of_request.attempt, of_request.delivery_id
        from request_lines as of_request
        semi join (select log_group as source_arn, request_id, attempt from doubtful) using (source_arn, request_id, attempt))
    join (select delivery_id, body from records where service = 'aws:logs') using (delivery_id)
    join (select delivery_id from log_lines where line_type = 'application' and level in ('ERROR', 'CRITICAL', 'FATAL')) using (delivery_id)
    join doubtful using (log_group, request_id, attempt)
  where contains(payload(body), record_id)
     or split_part(record_id, ':', 2) <> '' and contains(payload(body), split_part(record_id, ':', 2))
), fared as (
  select tried.*, case when status in ('error', 'timeout', 'failure') then 'failed'
           when status = 'success' and is_named is null then 'succeeded' end as verdict,
         case when status in ('error', 'timeout', 'failure') then coalesce(signature(error_type, error_message), status) end as error
  from tried left join named using (record_id, log_group)
), production as (
  select record_id, case when count(verdict) = count(*) and min(verdict) = max(verdict) then min(verdict) end as verdict,
         max_by(error, request_id) as error, sum(attempts) as attempts, max(request_id) as request_id,
         max_by(log_group, request_id) as log_group
  from fared group by record_id
), beside as (
  select ran.partition_id, record_id, ran.delivery_id, ran.verdict as verdict_a, ran.error as error_a, ran.attempt as attempts_a,
         case when is_dead then 'dead_lettered' else production.verdict end as verdict_b, production.error as error_b,
         coalesce(attempts, 0)::integer as attempts_b, request_id, log_group,
         case when ran.verdict in ('succeeded', 'filtered') then ran.verdict when ran.verdict <> 'not_reached' then 'failed' end as class_a,
         case when is_dead then 'failed' else production.verdict end as class_b
  from ran left join production using (record_id) left join dead using (record_id)
)
select partition_id, record_id, delivery_id, verdict_a, error_a, attempts_a, verdict_b, error_b, attempts_b,
       class_a <> class_b or class_a = 'failed' and coalesce(error_a <> error_b, false) as differs, request_id, log_group
from beside
order by delivery_id
