-- One row per change of configuration, code or shards that the trace tells of.
-- -> changed_at TIMESTAMP WITH TIME ZONE: when, as AWS says; where it does not, when it was first seen changed
-- -> seen_before_at TIMESTAMP WITH TIME ZONE: last look at it as it was: it changed after this; null where AWS says the instant
-- -> source_arn VARCHAR: what it was captured with: queue, stream, topic, rule, log group, function
-- -> kind VARCHAR: the operation that tells it; `logs` where another version ran, `reshard` for a shard
-- -> subject VARCHAR: what changed: ARN of a function, queue or subscription, UUID of a mapping, shard id ...
-- -> path VARCHAR: JSONPath of the member; null for a whole that came or went
-- -> before VARCHAR: its value; null where there was none, or nothing is known
-- -> after VARCHAR: its value; null where there is none any more
-- Two looks at one thing are compared member by member; what moves by itself (counts, sizes, states on their way) is left out.
-- A first look tells when a function or mapping was last changed, not what it was before.
with told as (
  select distinct source_arn, kind, observed_at, document::json as document from resources
  where json_valid(document) and kind not in ('list-shards', 'describe-stream', 'list-dead-letter-source-queues')
), elements as (
  select source_arn, kind, observed_at, unnest(case kind
           when 'list-event-source-mappings' then json_extract(document, '$.EventSourceMappings[*]')
           when 'list-versions-by-function' then json_extract(document, '$.Versions[*]')
           when 'list-aliases' then json_extract(document, '$.Aliases[*]')
           when 'list-subscriptions-by-topic' then json_extract(document, '$.Subscriptions[*]')
           when 'list-stream-consumers' then json_extract(document, '$.Consumers[*]')
           when 'describe-log-groups' then json_extract(document, '$.logGroups[*]') else [document] end) as thing
  from told
), things as (
  select source_arn, kind, observed_at, coalesce(case kind
           when 'list-event-source-mappings' then thing->>'$.UUID' when 'get-event-source-mapping' then thing->>'$.UUID'
           when 'list-versions-by-function' then thing->>'$.FunctionArn' when 'get-function-configuration' then thing->>'$.FunctionArn'
           when 'list-aliases' then thing->>'$.AliasArn' when 'list-stream-consumers' then thing->>'$.ConsumerARN'
           when 'list-subscriptions-by-topic' then thing->>'$.SubscriptionArn' when 'describe-log-groups' then thing->>'$.logGroupName'
           when 'get-subscription-attributes' then thing->>'$.Attributes.SubscriptionArn' end, source_arn) as subject,
         min(thing::varchar) as thing,
         min(coalesce(try_cast(regexp_replace(thing->>'$.LastModified', '([+-]\d\d)(\d\d)$', '\1:\2') as timestamptz),
                      try(to_timestamp(try_cast(thing->>'$.LastModified' as double))),
                      try(to_timestamp(try_cast(thing->>'$.Attributes.LastModifiedTimestamp' as double))))) as modified_at
  from elements where json_type(thing) = 'OBJECT' group by source_arn, kind, observed_at, subject
), looks as (
  select source_arn, kind, observed_at, lag(observed_at) over (partition by source_arn, kind, one order by observed_at) as before_at, one
  from (select distinct source_arn, kind, observed_at, case when starts_with(kind, 'list-') then '' else subject end as one from things)
), pairs as (
  select looks.source_arn, looks.kind, looks.observed_at, before_at, subject, max(thing) filter (things.observed_at = before_at) as was,
         max(thing) filter (things.observed_at = looks.observed_at) as thing,
         max(modified_at) filter (things.observed_at = looks.observed_at) as modified_at
  from looks join things on things.source_arn = looks.source_arn and things.kind = looks.kind
    and things.observed_at in (before_at, looks.observed_at) and one in ('', subject)
  where before_at is not null
  group by all having was is distinct from thing
), members as (
  select source_arn, kind, subject, observed_at, member.fullkey as path,
         max(member.atom->>'$') filter (is_now) as after, max(member.atom->>'$') filter (not is_now) as before
  from (select source_arn, kind, subject, observed_at, unnest([true, false]) as is_now, unnest([thing, was])::json as document
        from pairs where was is not null and thing is not null) as side, json_tree(side.document) as member
  where member.type not in ('OBJECT', 'ARRAY')
  group by all having after is distinct from before
), differing as (
  select source_arn, kind, subject, observed_at, path, before, after from members
  where not regexp_matches(path, '\.(ApproximateNumberOf\w+|LastModified\w*|RevisionId|CodeSize|LastProcessingResult|StateReason\w*'
    || '|StateTransitionReason|LastUpdateStatus\w*|storedBytes|TableSizeBytes|IndexSizeBytes|ItemCount'
    || '|Subscriptions(Confirmed|Pending|Deleted))$')
  union all
  select source_arn, kind, subject, observed_at, null, was, thing from pairs where was is null or thing is null
), compared as (
  select case when modified_at between before_at and observed_at then modified_at else observed_at end as changed_at,
         case when modified_at between before_at and observed_at then null else before_at end as seen_before_at,
         source_arn, kind, subject, path, before, after
  from differing join pairs using (source_arn, kind, subject, observed_at)
), first_looks as (
  select *, try_cast(thing->>'$.Version' as bigint) as number from things
  qualify row_number() over (partition by source_arn, kind, subject order by observed_at) = 1
), published as (
  select modified_at as changed_at, source_arn, kind, subject, '$.CodeSha256' as path,
         lag(thing->>'$.CodeSha256') over (partition by source_arn order by number) as before, thing->>'$.CodeSha256' as after
  from first_looks where kind = 'list-versions-by-function' and number is not null
), touched as (
  select modified_at as changed_at, source_arn, kind, subject, null as before,
         case when kind = 'get-queue-attributes' then '$.Attributes.LastModifiedTimestamp' else '$.LastModified' end as path,
         thing->>(case when kind = 'get-queue-attributes' then '$.Attributes.LastModifiedTimestamp' else '$.LastModified' end) as after
  from first_looks
  where kind in ('get-function-configuration', 'list-event-source-mappings', 'get-event-source-mapping', 'get-queue-attributes')
), ran as (
  select min(started_at) as changed_at, source_arn, 'logs' as kind, source_arn as subject, '$.Version' as path,
         lag(version) over (partition by source_arn order by min(started_at), version) as before, version as after
  from invocations_observed where started_at is not null and version is not null group by source_arn, version
), born as (
  select source_arn, partition_id, min(observed_at) as observed_at, max(parents) as parents from shards
  where source_arn like 'arn:%:kinesis:%' and len(parents) > 0 group by source_arn, partition_id
), first_records as (
  select source_arn, partition_id, min(source_at) as first_at from records
  where service = 'aws:kinesis' and partition_id in (select partition_id from born) group by source_arn, partition_id
), resharded as (
  select coalesce(first_at, observed_at) as changed_at, source_arn, 'reshard' as kind, partition_id as subject, null as path,
         array_to_string(parents, ', ') as before, partition_id as after
  from born left join first_records using (source_arn, partition_id)
)
select changed_at, seen_before_at, source_arn, kind, subject, path, before, after from (
  select * from compared
  union all by name select * from published where changed_at is not null
  union all by name select * from touched where changed_at is not null
  union all by name select * from ran where before is not null
  union all by name select * from resharded)
