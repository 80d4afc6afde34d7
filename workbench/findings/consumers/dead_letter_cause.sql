-- One row per delivery of a message in a dead-letter queue and per log line that tells how its attempts ended.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $least_named_requests: an absent id says something where so many requests of the function name their records
-- $least_named_share: and so many of all its requests do
-- -> source_arn VARCHAR: the dead-letter queue, or the queue that a function's failures are sent to
-- -> key VARCHAR: the message's id
-- -> delivery_id BIGINT: a delivery of the message, or a line
-- -> source_at TIMESTAMP WITH TIME ZONE: its instant
-- -> request_id VARCHAR: the attempt that the line is of; null for a delivery
-- -> cause VARCHAR: error, timeout, memory, throttle, visibility, expiry or unknown
-- -> signature VARCHAR: what an error said; null for other causes
-- -> origin_arn VARCHAR: the queue or function it comes from; null where nothing tells
-- -> attempts BIGINT: that logs tell of
-- -> max_receive_count BIGINT: receives that the redrive policy allows; null where it is not known
-- -> confidence DOUBLE: share of the receives that ended so; for a throttle, that not all its requests were among the unnamed
-- A failure record and the attributes of a function's dead-letter queue say the cause themselves. Else the last attempt does, or
-- an attempt that succeeded after its visibility had run out. A throttled receive leaves no line: claimed only where the
-- function's log was read from the send to the arrival here, and its requests name what they were given.
with looked_at as materialized (
  select source_arn, body, attributes from records join (
    select unnest(list_distinct([min(delivery_id), max(delivery_id)])) as delivery_id
    from records where service = 'aws:sqs' group by source_arn) using (delivery_id)
), destination as (
  select source_arn from dead_letter_queues
  union
  select source_arn from looked_at
  where contains(payload(body), '"requestContext"') and contains(payload(body), '"condition"')
     or contains(attributes, '"ErrorCode"') and contains(attributes, '"RequestID"')
), dead as materialized (
  select source_arn, record_id, min(source_at) as sent_at, min(received_at) as found_at, arg_min(body, delivery_id) as body,
         arg_min(attributes, delivery_id) as attributes
  from records
  where service = 'aws:sqs' and source_arn in (from destination) and ($source_arn is null or source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
  group by source_arn, record_id
), sole_origin as (
  select source_arn, any_value(origin_arn) as origin_arn from dead_letter_queues group by source_arn having count(distinct origin_arn) = 1
), told as materialized (
  select *, case when is_record then field(body, '$.requestContext.condition') end as condition,
         case when condition is not null then field(body, '$.requestContext.requestId') else user_attributes[1] end as told_request_id,
         case when condition is not null then field(body, '$.responsePayload.errorType') end as told_type,
         case when condition is not null then field(body, '$.responsePayload.errorMessage')
           when told_request_id is not null then user_attributes[2] end as told_message,
         coalesce(try(attributes->>'$.system.DeadLetterQueueSourceArn'), sole_origin.origin_arn,
                  case when condition is not null then field(body, '$.requestContext.functionArn') end) as origin_arn
  from (select *, coalesce(contains(payload(body), '"requestContext"') and contains(payload(body), '"condition"'), false) as is_record,
               [coalesce(try(attributes->>'$.user.RequestID.StringValue'), try(attributes->>'$.user.RequestID.stringValue')),
                coalesce(try(attributes->>'$.user.ErrorMessage.StringValue'), try(attributes->>'$.user.ErrorMessage.stringValue'))] as user_attributes
        from dead) as dead
    left join sole_origin using (source_arn)
), consumer as (
  select source_arn as origin_arn, log_group, bool_or(contains(document, '"ReportBatchItemFailures"')) as is_partial,
         bool_or(state = 'Enabled') as is_enabled
  from event_source_mappings group by source_arn, log_group
), policy as (
  select source_arn as origin_arn, arg_max(max_receive_count, observed_at) as max_receive_count,
         arg_max(visibility_timeout_s, observed_at) * 1000 as visibility_ms
  from queues group by source_arn
), given as (
  select told.source_arn, told.record_id, log_group, request_id, handling.attempt, any_value(line_id) as line_id, sum(certainty) as certainty
  from told join handlings as handling on handling.record_id = told.record_id and handling.source_arn in (told.source_arn, told.origin_arn)
  where log_group in (select log_group from consumer where consumer.origin_arn = told.origin_arn)
     or told.origin_arn is null or told.origin_arn not in (select origin_arn from consumer)
  group by told.source_arn, told.record_id, log_group, request_id, handling.attempt
  having sum(certainty) > 0.999
  union all
  select told.source_arn, record_id, invocation.source_arn, request_id, attempt, first_delivery_id, 1
  from told join invocations_observed as invocation on request_id = told_request_id
), tried as materialized (
  select given.*, started_at, ended_at, duration_ms, status, error_type, error_message, first_delivery_id, last_delivery_id, is_partial,
         max_receive_count, visibility_ms, lead(started_at) over attempts as next_at
  from given join told using (source_arn, record_id)
    join invocations_observed as invocation
      on invocation.source_arn = given.log_group and invocation.request_id = given.request_id and invocation.attempt = given.attempt
    left join consumer on consumer.origin_arn = told.origin_arn and consumer.log_group = given.log_group
    left join policy on policy.origin_arn = told.origin_arn
  window attempts as (partition by given.source_arn, given.record_id order by started_at, first_delivery_id)
), complaint as (
  select tried.source_arn, tried.record_id, tried.log_group, tried.request_id, tried.attempt, min(line.delivery_id) as complaint_id,
         min_by(signature(line.error_type, line.message), line.delivery_id) as said
  from tried
    join request_lines as of_request
      on of_request.source_arn = tried.log_group and of_request.request_id = tried.request_id and of_request.attempt = tried.attempt
    join (from log_lines where line_type = 'application' and level in ('ERROR', 'CRITICAL', 'FATAL')) as line on line.delivery_id = of_request.delivery_id
    join records on records.service = 'aws:logs' and records.delivery_id = line.delivery_id
  where tried.status = 'success' and contains(payload(records.body), tried.record_id)
  group by all
), judged as materialized (
  select tried.*, complaint_id,
         case when status = 'timeout' then 'timeout'
           when error_type = 'Runtime.OutOfMemory' then 'memory'
           when status in ('error', 'failure') then 'error'
           when status <> 'success' then 'unknown'
           when duration_ms > visibility_ms or next_at < ended_at then 'visibility'
           when is_partial then 'error'
           else 'unknown' end as ending,
         case when ending = 'error' and status = 'success' then coalesce(said, 'in batchItemFailures')
           when ending = 'error' then signature(error_type, error_message) end as signature
  from tried left join complaint using (source_arn, record_id, log_group, request_id, attempt)
), decided as (
  select *, case when bool_or(ending = 'visibility') over (partition by source_arn, record_id) then 'visibility'
                 else last_value(ending) over (partition by source_arn, record_id order by started_at, first_delivery_id
                                               rows between unbounded preceding and unbounded following) end as cause
  from judged
), by_attempts as (
  select source_arn, record_id, cause as ended_by, count(*) as attempts, max_by(signature, (started_at, first_delivery_id)) as signature,
         count(*) filter (ending = cause) / greatest(count(*), coalesce(any_value(max_receive_count), 0)) as confidence
  from decided group by source_arn, record_id, cause
), log_read as (
  select source_arn as log_group, min(from_at) filter (state in ('read', 'sealed')) as from_at, max(to_at) filter (state in ('read', 'sealed')) as to_at,
         list(struct_pack(from_at := from_at, to_at := to_at)) filter (state = 'hole') as holes
  from coverage group by source_arn
), untouched as (
  select told.source_arn, told.record_id, sent_at, found_at, policy.max_receive_count, consumer.log_group,
         sent_at >= from_at and found_at <= to_at and is_enabled
           and not coalesce(list_bool_or(list_transform(holes, lambda hole: hole.from_at <= found_at and hole.to_at >= sent_at)), false) as is_read
  from told join consumer using (origin_arn) join policy using (origin_arn) left join log_read using (log_group)
  where not exists (from handlings as handling where handling.record_id = told.record_id) and condition is null and told_message is null
    and policy.max_receive_count is not null
), request_named as materialized (
  select invocation.source_arn as log_group, started_at, count(*) over until_now as requests, count(named.request_id) over until_now as named
  from (from invocations_observed where started_at is not null and source_arn in (select log_group from untouched)) as invocation
    left join (select distinct log_group, request_id from handlings where certainty = 1) as named
      on named.log_group = invocation.source_arn and named.request_id = invocation.request_id
  window until_now as (partition by invocation.source_arn order by started_at range between unbounded preceding and current row)
), absent as (
  select source_arn, record_id, any_value(max_receive_count) as max_receive_count, bool_and(is_read) as is_read,
         sum(later.requests - coalesce(earlier.requests, 0)) as requests, sum(later.named - coalesce(earlier.named, 0)) as named
  from untouched asof join request_named as later on later.log_group = untouched.log_group and later.started_at <= found_at
    asof left join request_named as earlier on earlier.log_group = untouched.log_group and earlier.started_at < sent_at
  group by source_arn, record_id
), by_absence as (
  select source_arn, record_id, 1 - pow((requests - named + 1) / (requests + 2), max_receive_count) as confidence
  from absent where is_read and named >= $least_named_requests and named >= $least_named_share * requests
), caused as materialized (
  select told.source_arn, told.record_id, origin_arn, coalesce(attempts, 0) as attempts, policy.max_receive_count,
         case when condition in ('EventAgeExceeded', 'RecordAgeExceeded') then 'expiry'
           when told_message is not null and contains(told_message, 'Task timed out after ') then 'timeout'
           when told_type = 'Runtime.OutOfMemory' or ended_by = 'memory' and told_request_id is not null then 'memory'
           when told_message is not null then 'error'
           when ended_by is not null then ended_by
           when by_absence.confidence is not null then 'throttle'
           else 'unknown' end as cause,
         case when cause = 'error' then coalesce(signature(told_type, told_message), by_attempts.signature) end as signature,
         case when condition is not null or told_message is not null or cause = 'unknown' then 1
           when cause = 'throttle' then by_absence.confidence else by_attempts.confidence end::double as confidence
  from told left join by_attempts using (source_arn, record_id) left join by_absence using (source_arn, record_id) left join policy using (origin_arn)
), witness as (
  select source_arn, record_id, delivery_id, source_at, null as request_id
  from caused join records using (source_arn, record_id)
  union all
  select source_arn, record_id, line.delivery_id, source_at, request_id
  from (select distinct source_arn, record_id, request_id,
               unnest([first_delivery_id, line_id, complaint_id, last_delivery_id]) as delivery_id from judged) as told
    join (select delivery_id, source_at from log_lines) as line using (delivery_id)
)
select source_arn, record_id as key, delivery_id, source_at, request_id, cause, signature, origin_arn, attempts, max_receive_count, confidence
from witness join caused using (source_arn, record_id)
order by source_arn, key, delivery_id
