-- One row per log line that tells of a throttle.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $throttle_quiet_ms: so long without one ends a span of throttles, ms
-- -> source_arn VARCHAR: the log group
-- -> key VARCHAR: the function, or the name of the log group where it is of none
-- -> delivery_id BIGINT: the line
-- -> source_at TIMESTAMP WITH TIME ZONE: its instant
-- -> request_id VARCHAR: of the invocation that was throttled; null where it is of none
-- -> error VARCHAR: AWS's code, or HTTP 429 for an access log's line
-- -> operation VARCHAR: that was refused; null where the line does not say
-- -> span BIGINT: the same for all lines of a span
-- -> in_aws_words BOOLEAN: the line holds the error as an SDK writes it, or as its error type; else it is a warning that names it
-- A printed event is no telling line, whatever its payload says; nor is a line of a lower level that only names an error.
with said as materialized (
  select delivery_id, source_arn, coalesce(source_at, received_at) as source_at, payload(body) as said
  from records
  where service = 'aws:logs' and ($source_arn is null or source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
    and regexp_matches(payload(body), 'hrottl|ate [Ee]xceeded|TooManyRequests|RequestLimitExceeded|SlowDown|BandwidthLimitExceeded|PriorRequestNotComplete|ThroughputExceeded|429')
    and not regexp_matches(payload(body), '[eE]ventSource')
), coded as (
  select said.*, level, line_type, log_lines.error_type,
    regexp_extract(said, '\b(Throttl(?:ing|ed)Exception|(?:Request|EC2|KMS|Kms)Thrott(?:led|ling)(?:Exception)?|TooManyRequestsException|ProvisionedThroughputExceededException|RequestLimitExceeded|BandwidthLimitExceeded|SlowDown|PriorRequestNotComplete|Throttling)\b') as code,
    regexp_matches(said, '\((?:\w*Thrott\w+|TooManyRequestsException|\w+Exceeded(?:Exception)?|SlowDown|PriorRequestNotComplete)\) when calling the |(?:\b|")(?:\w*Throttl\w+|TooManyRequestsException|ProvisionedThroughputExceededException|RequestLimitExceeded|SlowDown)"?: (?:Rate [Ee]xceeded|Too Many Requests|The level of configured|Please reduce|Request limit|Throughput exceeds)|\(Service: [^)]*Error Code: (?:\w*Throttl\w*|\w+Exceeded\w*|TooManyRequestsException|SlowDown)') as is_sdk_sentence,
    case when regexp_matches(said, 'HTTP/[0-9](?:\.[0-9])?" 429 ') then true
      when regexp_matches(said, '^\s*\{') and contains(said, '429') and json_valid(said)
        then json_extract_string(said, '$.status') = '429' and json_extract_string(said, '$.requestId') is not null
          and coalesce(json_extract_string(said, '$.httpMethod'), json_extract_string(said, '$.routeKey'), json_extract_string(said, '$.resourcePath')) is not null
      else false end as is_access
  from said join log_lines using (delivery_id)
), told as (
  select *, coalesce(is_sdk_sentence or is_access or code <> '' and error_type = code, false) as in_aws_words,
    case when is_access then 'HTTP 429' when code <> '' then code else 'Rate exceeded' end as error,
    case when is_access then null else nullif(regexp_extract(said, 'when calling the (\w+) operation', 1), '') end as operation
  from coded
  where is_access or is_sdk_sentence or code <> '' and error_type = code
    or level in ('WARN', 'WARNING', 'ERROR', 'CRITICAL', 'FATAL') and (code <> '' or regexp_matches(said, '\bRate [Ee]xceeded\b'))
), spaced as (
  select *, source_at - lag(source_at) over along <= to_milliseconds($throttle_quiet_ms) as goes_on
  from told window along as (partition by source_arn, error, operation order by source_at, delivery_id)
), spans as (
  select *, count(*) filter (goes_on is not true) over (
      partition by source_arn, error, operation order by source_at, delivery_id rows between unbounded preceding and current row) as span
  from spaced
)
select spans.source_arn, coalesce(nullif(regexp_extract(spans.source_arn, ':log-group:/aws/lambda/([^:]+)', 1), ''),
         nullif(regexp_extract(spans.source_arn, ':log-group:([^:]+)', 1), ''), spans.source_arn) as key,
       spans.delivery_id, source_at, request_id, error, operation,
       min(spans.delivery_id) over (partition by spans.source_arn, error, operation, span) as span, in_aws_words
from spans left join request_lines using (delivery_id)
order by source_arn, key, source_at, delivery_id
