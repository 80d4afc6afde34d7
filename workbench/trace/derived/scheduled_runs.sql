-- One row per run of a scheduled rule and source that shows it: the event itself, or one that the rule sent to a queue or topic.
-- -> source_arn VARCHAR: bus, queue or topic
-- -> rule_arn VARCHAR: the rule
-- -> event_id VARCHAR: of the event; a target that is tried again gets it again
-- -> run_at TIMESTAMP WITH TIME ZONE: the event's time, whole seconds
-- -> seen_at TIMESTAMP WITH TIME ZONE: when the queue or topic had it, or the invocation that printed it began
-- -> delivery_id BIGINT: its first delivery
-- -> log_group VARCHAR: whose lines print it; null for an event that was captured itself
-- -> request_id VARCHAR: the invocation that printed it
-- EventBridge itself writes the events that a rule sends, always alike, so those of other makers are not parsed.
with told as (
  select source_arn, delivery_id, null as log_event, null as printed_by, source_at as seen_at, payload(body) as event
  from records
  where service in ('aws:sqs', 'aws:sns') and body >= '{"version":"0","id":"'::blob and body < '{"version":"0","id":#'::blob
    and contains(payload(body), '"detail-type":"Scheduled Event","source":"aws.events"') and json_valid(payload(body))
  union all
  select source_arn, delivery_id, try(attributes->>'$.workbench.log_event'), try(attributes->>'$.workbench.request_id'), null, envelope
  from records where service = 'aws:events' and contains(envelope, 'Scheduled Event') and json_valid(envelope)
), named as (
  select source_arn, delivery_id, log_event, printed_by, seen_at, event->>'$.resources[0]' as rule_arn, event->>'$.id' as event_id,
         try_cast(event->>'$.time' as timestamptz) as run_at
  from told where event->>'$."detail-type"' = 'Scheduled Event' and event->>'$.source' = 'aws.events'
), groups as (
  select record_id as log_event, min(source_arn) as log_group from records
  where service = 'aws:logs' and record_id in (select log_event from named) group by record_id
)
select named.source_arn, rule_arn, event_id, min(run_at) as run_at, min(coalesce(seen_at, started_at)) as seen_at,
       min(delivery_id) as delivery_id, min(log_group) as log_group, min(printed_by) as request_id
from named left join groups using (log_event)
  left join invocations_observed as invocation on invocation.source_arn = log_group and invocation.request_id = printed_by
where rule_arn is not null and event_id is not null and run_at is not null
group by named.source_arn, rule_arn, event_id
