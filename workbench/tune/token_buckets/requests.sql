-- One row per request, or record, that a source tells of, in order.
-- $source_arn: an API, a log group that holds its access log, or any source whose arrivals are to be held against a limit
-- -> requested_at TIMESTAMP WITH TIME ZONE: when it came
-- -> status BIGINT: HTTP status of the answer, where an access log tells it; null where it is not known
-- -> client VARCHAR: API key's id, else the caller's address; empty where neither is told
-- -> method VARCHAR: HTTP method and resource; empty where they are not told
-- An access log is JSON with the variables' own names ($context.status as "status", $context.requestTimeEpoch as
-- "requestTimeEpoch", ...) or the common log format, whose instants are whole seconds: there the log event's own is finer.
with once as (
  select any_value(service) as service, any_value(payload(body)) as said, any_value(envelope) as envelope,
         min(source_at) as source_at
  from records where source_arn = $source_arn group by partition_id, record_id
), told as (
  select *, case when service = 'aws:logs' and starts_with(ltrim(said), '{') and json_valid(said) then said::json end as entry,
         case when service = 'aws:apigateway' and json_valid(envelope) then envelope::json end as event,
         case when service = 'aws:logs' then regexp_extract(said, '^(\S+) .*\[[^\]]+\] "(\S+ \S+)[^"]*" (\d{3})\b', ['client', 'method', 'status']) end as line
  from once
), requests as (
  select coalesce(make_timestamptz(try_cast(entry->>'$.requestTimeEpoch' as bigint) * 1000), source_at) as requested_at,
         coalesce(try_cast(entry->>'$.status' as bigint), try_cast(line.status as bigint)) as status,
         coalesce(entry->>'$.apiKeyId', entry->>'$.ip', entry->>'$.sourceIp', nullif(line.client, ''),
                  event->>'$.requestContext.identity.apiKeyId', event->>'$.requestContext.identity.sourceIp',
                  event->>'$.requestContext.http.sourceIp', '') as client,
         coalesce(entry->>'$.routeKey', (entry->>'$.httpMethod') || ' ' || (entry->>'$.resourcePath'), nullif(line.method, ''),
                  event->>'$.requestContext.routeKey',
                  (event->>'$.httpMethod') || ' ' || (event->>'$.resource'), '') as method, service
  from told
)
select requested_at, status, client, method
from requests where requested_at is not null and (service <> 'aws:logs' or status is not null)
order by requested_at
