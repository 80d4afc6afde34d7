-- One row per record and attempt of a request that a log tells was given it: the join of messages with invocations.
-- -> source_arn VARCHAR: source of the record
-- -> partition_id VARCHAR: its shard
-- -> record_id VARCHAR: the record
-- -> log_group VARCHAR: ARN of the log group that tells it
-- -> request_id VARCHAR: the invocation
-- -> attempt BIGINT: of the invocation, where an asynchronous one was retried under its id
-- -> log_stream VARCHAR: the instance that ran it
-- -> version VARCHAR: of the function
-- -> started_at TIMESTAMP WITH TIME ZONE: START; null where it was not logged
-- -> ended_at TIMESTAMP WITH TIME ZONE: END; null where it was not logged
-- -> duration_ms DOUBLE: of the handler
-- -> status VARCHAR: success, error, timeout, failure or unknown, of the whole invocation
-- -> error_type VARCHAR: why it failed
-- -> error_message VARCHAR: its first line
-- -> told_by VARCHAR: event (the handler printed it), line (its id stands in a line), trace (X-Ray's id)
-- -> certainty DOUBLE: 1 where an id tells it, else a probability
-- -> line_id BIGINT: delivery of the log event that tells it
-- -> first_line_id BIGINT: delivery of the invocation's first log event (START where it was logged)
-- -> last_line_id BIGINT: delivery of its last (REPORT where it was logged)
-- An id is MessageId, sequence number, eventID, or the SNS MessageId in a queue message's envelope. A request is told only of a
-- record that was there when it began (so its producer's line tells nothing), only in a log group of the source's consumers
-- where its mappings are known, and by a line only where it did not print its event, which is then all that it was given.
-- What a line printed has its line's `received_at`, so that other attributes need not be read.
-- Certainty: 1 / number of sources that could have given the record (a message in two queues); halved where the words before
-- the id make it a reference ("previous message ..."), assumed: as likely as not; for a trace id 1 / requests of the trace.
with consumer as (
  select distinct source_arn, log_group from event_source_mappings
), event_line as materialized (
  select record_id as log_event, delivery_id as line_id, received_at
  from records where service = 'aws:logs' and regexp_matches(payload(body), 'ventSource|detail-type|requestContext|alarmArn')
), beside_event_line as materialized (
  select delivery_id from records where service <> 'aws:logs' and received_at in (select received_at from event_line)
), printed as (
  select source_arn, partition_id, record_id, line_id
  from (from records semi join beside_event_line using (delivery_id) where contains(attributes, '"mode":"logged"'))
    join event_line on try(attributes->>'$.workbench.log_event') = log_event
), told_whole as (
  select printed.source_arn, partition_id, record_id, of_request.source_arn as log_group, request_id, attempt, line_id
  from printed join request_lines as of_request on delivery_id = line_id
), mention as materialized (
  select log_group, request_id, attempt, line_id, line_at, unnest(ids) as id,
         regexp_matches(substr(said, greatest(1, strpos(said, id) - 48), least(48, strpos(said, id) - 1)),
           '(?i)\b(previous|prior|parent|original|duplicate of|caus|correlat|referenc|in reply|supersed|sen[dt]\b|sending|publish|enqueu|forward|emit|queued)[^,;{}\r\n]*$') as is_reference
  from (select of_request.source_arn as log_group, of_request.request_id, attempt, of_request.delivery_id as line_id,
               event.source_at as line_at, payload(event.body) as said,
               list_filter(list_distinct(regexp_extract_all(said,
                 '\b(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}|[0-9]{20,56})\b')), lambda id: id <> of_request.request_id) as ids
        from request_lines as of_request join log_lines as line using (delivery_id) join records as event using (delivery_id)
        where line_type = 'application' and event.service = 'aws:logs')
  where (log_group, request_id, attempt) not in (select (log_group, request_id, attempt) from told_whole)
), wanted as materialized (
  select distinct id from mention
), by_own_id as materialized (
  select source_arn, partition_id, record_id, id, min(source_at) as source_at
  from (select source_arn, partition_id, record_id, record_id as id, source_at
        from records where service not in ('aws:logs', 'aws:kinesis') and record_id in (select id from wanted)
        union all
        select source_arn, partition_id, record_id, sequence_number, source_at
        from records where service in ('aws:kinesis', 'aws:dynamodb', 'aws:sqs') and sequence_number in (select id from wanted))
  group by source_arn, partition_id, record_id, id
), first_message as materialized (
  select source_arn, body from records join (
    select min(delivery_id) as delivery_id from records where service = 'aws:sqs' group by source_arn) using (delivery_id)
), subscribed as (
  select endpoint as source_arn from subscriptions where protocol = 'sqs'
  union
  select source_arn from first_message where regexp_matches(payload(body), '"Type"\s*:\s*"Notification"')
), in_envelope as (
  select source_arn, partition_id, record_id, id, min(source_at) as source_at
  from (select source_arn, partition_id, record_id, source_at,
               regexp_extract(payload(body), '"MessageId"\s*:\s*"([0-9a-f-]{36})"', 1) as id
        from records
        where service = 'aws:sqs' and source_arn in (from subscribed) and regexp_matches(payload(body), '"Type"\s*:\s*"Notification"'))
  where id in (select id from wanted)
  group by source_arn, partition_id, record_id, id
), possible as (
  select mention.*, record.source_arn, partition_id, record_id,
         consumer.log_group is not null as is_consumer,
         record.source_arn in (select source_arn from consumer) as is_known
  from (from by_own_id union all by name from in_envelope) as record join mention using (id)
    left join invocations_observed as invocation
      on invocation.source_arn = mention.log_group and invocation.request_id = mention.request_id and invocation.attempt = mention.attempt
    left join consumer on consumer.source_arn = record.source_arn and consumer.log_group = mention.log_group
  where coalesce(started_at, line_at, record.source_at) >= record.source_at or record.source_at is null
), named as (
  select *, count(distinct (source_arn, partition_id, record_id)) over (partition by log_group, request_id, attempt, id) as candidates
  from (select *, bool_or(is_consumer) over (partition by log_group, request_id, attempt, id) as is_taken from possible)
  where is_consumer or not is_known and not is_taken
), traced as (
  select source_arn, partition_id, record_id, log_group, request_id, attempt, line_id,
         count(distinct (log_group, request_id, attempt)) over (partition by source_arn, record_id) as candidates
  from (select source_arn, partition_id, record_id, min(source_at) as source_at,
               regexp_extract(any_value(attributes), 'Root=(1-[0-9a-f]{8}-[0-9a-f]{24})', 1) as trace_id
        from records
        where service = 'aws:sqs' and contains(attributes, '"AWSTraceHeader"') and source_arn in (select source_arn from consumer)
        group by source_arn, partition_id, record_id)
    join (select source_arn as log_group, request_id, attempt, trace_id, started_at, first_delivery_id as line_id
          from invocations_observed where trace_id is not null) using (trace_id)
    join consumer using (source_arn, log_group)
  where started_at >= source_at
), told as (
  select source_arn, partition_id, record_id, log_group, request_id, attempt, 0 as rank, 1.0::double as certainty, line_id
  from told_whole left join (select source_arn, list(log_group) as known from consumer group by source_arn) using (source_arn)
  where known is null or list_contains(known, log_group)
  union all by name
  select source_arn, partition_id, record_id, log_group, request_id, attempt, 1 as rank,
         case when is_reference then 0.5 else 1.0 end / candidates as certainty, line_id
  from named
  union all by name
  select *exclude (candidates), 2 as rank, 1.0 / candidates as certainty from traced
), best as (
  select source_arn, partition_id, record_id, log_group, request_id, attempt, max(certainty) as certainty,
         min((rank, line_id)) filter (certainty = best_certainty) as best
  from (select *, max(certainty) over (partition by source_arn, partition_id, record_id, log_group, request_id, attempt) as best_certainty from told)
  group by source_arn, partition_id, record_id, log_group, request_id, attempt
)
select best.source_arn, partition_id, record_id, log_group, best.request_id, best.attempt, log_stream, version, started_at,
       ended_at, duration_ms, status, error_type, error_message, ['event', 'line', 'trace'][best[1] + 1] as told_by, certainty,
       best[2] as line_id, first_delivery_id as first_line_id, last_delivery_id as last_line_id
from best join invocations_observed as invocation
  on invocation.source_arn = log_group and invocation.request_id = best.request_id and invocation.attempt = best.attempt
