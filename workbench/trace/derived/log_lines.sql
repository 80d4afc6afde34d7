-- One row a log event: what kind of line it is and what it says; null where it does not say.
-- -> delivery_id BIGINT: of the event in `records`
-- -> source_arn VARCHAR: log group
-- -> log_stream VARCHAR: one instance of the function
-- -> source_at TIMESTAMP WITH TIME ZONE: when it happened
-- -> ingested_at TIMESTAMP WITH TIME ZONE: when the service had it
-- -> line_type VARCHAR: start, end, report, init_start, ..., application; a platform type we do not know by its own name
-- -> format VARCHAR: json or text; null for what is neither
-- -> request_id VARCHAR: of the invocation
-- -> level VARCHAR: upper case
-- -> version VARCHAR: of the function
-- -> message VARCHAR: an application's own words, or why the platform ended the invocation
-- -> error_type VARCHAR: as the runtime or the platform calls it
-- -> trace_id VARCHAR: X-Ray's, 1-...-...
-- -> duration_ms DOUBLE: of the invocation
-- -> billed_ms BIGINT: billed duration
-- -> memory_mb BIGINT: memory the function has
-- -> max_memory_mb BIGINT: most memory used
-- -> init_ms DOUBLE: initialisation
-- -> restore_ms DOUBLE: restoring a snapshot
-- -> billed_restore_ms BIGINT: of that, billed
-- -> status VARCHAR: success, error, failure or timeout; a text line gives it only where something went wrong
-- -> phase VARCHAR: init, or invoke where the initialisation was repeated within an invocation
-- -> initialization_type VARCHAR: on-demand, provisioned-concurrency, snap-start
-- -> unhandled BOOLEAN: the runtime itself tells that the handler failed
-- A line is Lambda's own where it has the members that Lambda writes: an application may print what begins alike.
-- Where the parsers could differ (a member twice, text that only Python takes), Python's has the word, as for a payload.
with line as (
  select delivery_id, source_arn, partition_id as log_stream, source_at, body,
         try(make_timestamptz(try_cast(envelope->>'$.ingestionTime' as BIGINT) * 1000)) as ingested_at,
         try(decode(body)) as said, coalesce(parse_status = 'json' and regexp_matches(said, '^\s*\{'), false) as is_json
  from records where service = 'aws:logs'
), plain as (
  select *, case when not is_json then false when not json_valid(said) then true
    else len(json_keys(said)) <> len(list_distinct(json_keys(said))) end as is_odd
  from line
), platform as (
  select *, case when is_json and not is_odd and contains(said, '"platform.') then json_extract_string(said, [
    '$.type', '$.time', '$.record.requestId', '$.record.version', '$.record.functionVersion', '$.record.status',
    '$.record.errorType', '$.record.tracing.value', '$.record.metrics.durationMs', '$.record.metrics.billedDurationMs',
    '$.record.metrics.memorySizeMB', '$.record.metrics.maxMemoryUsedMB', '$.record.metrics.initDurationMs',
    '$.record.metrics.restoreDurationMs', '$.record.metrics.billedRestoreDurationMs', '$.record.initializationType',
    '$.record.phase', '$.record.droppedRecords', '$.record']) end as p
  from plain
), typed as (
  select *, case
      when not coalesce(starts_with(p[1], 'platform.') and p[2] is not null and starts_with(p[19], '{'), false) then null
      when p[1] in ('platform.start', 'platform.runtimeDone', 'platform.report') and p[3] is null then null
      when p[1] = 'platform.logsDropped' and p[18] is null then null
      else coalesce(map {
        'platform.start': 'start', 'platform.report': 'report', 'platform.runtimeDone': 'runtime_done',
        'platform.initStart': 'init_start', 'platform.initReport': 'init_report',
        'platform.initRuntimeDone': 'init_runtime_done', 'platform.restoreStart': 'restore_start',
        'platform.restoreReport': 'restore_report', 'platform.restoreRuntimeDone': 'restore_runtime_done',
        'platform.extension': 'extension', 'platform.telemetrySubscription': 'telemetry',
        'platform.logsDropped': 'logs_dropped'}[p[1]], p[1]) end as platform_type,
    case when is_json then null
      when starts_with(said, 'START RequestId: ') then 'start'
      when starts_with(said, 'END RequestId: ') then 'end'
      when starts_with(said, 'REPORT RequestId: ') then 'report'
      when starts_with(said, 'INIT_START ') then 'init_start'
      when starts_with(said, 'INIT_REPORT ') then 'init_report'
      when starts_with(said, 'RESTORE_START ') then 'restore_start'
      when starts_with(said, 'RESTORE_REPORT ') then 'restore_report'
      when starts_with(said, 'XRAY TraceId: ') then 'xray'
      when regexp_matches(said, '^EXTENSION\s+Name: ') then 'extension'
      when regexp_matches(said, '^(LOGS|TELEMETRY)\s+Name: ') then 'telemetry'
      when regexp_matches(said, '^RequestId: \S+ (Error: Runtime exited|Process exited)|^Runtime\.\w+\s*$') then 'runtime_exit'
      when regexp_matches(said, '^\d{4}-\S+Z \S+ Task timed out after ') then 'timeout' end as text_type
  from platform
), split as (
  select *, coalesce(platform_type, text_type, 'application') as line_type,
    case when not is_json or platform_type is not null then null
      when is_odd then [
        python_field(body, '$.level'), python_field(body, '$.severity'), python_field(body, '$."log.level"'),
        python_field(body, '$.message'), python_field(body, '$.msg'), python_field(body, '$.errorMessage'),
        python_field(body, '$.function_request_id'), python_field(body, '$.AWSRequestId'),
        python_field(body, '$.awsRequestId'), python_field(body, '$.aws_request_id'), python_field(body, '$.requestId'),
        python_field(body, '$.errorType'), python_field(body, '$.exception_name'), python_field(body, '$.error.name'),
        python_field(body, '$.xray_trace_id'), python_field(body, '$.logger')]
      else json_extract_string(said, [
        '$.level', '$.severity', '$."log.level"', '$.message', '$.msg', '$.errorMessage', '$.function_request_id',
        '$.AWSRequestId', '$.awsRequestId', '$.aws_request_id', '$.requestId', '$.errorType', '$.exception_name',
        '$.error.name', '$.xray_trace_id', '$.logger']) end as a,
    case when is_json or text_type is not null then null
      when starts_with(said, '[') then regexp_extract(said,
        '(?s)^\[(\w+)\](?:\t([^\t]*)\t([0-9a-f-]*)\t| )(.*)$', ['level', 'said_at', 'request_id', 'message'])
      when regexp_matches(said, '^\d{4}-\S+\t') then regexp_extract(said,
        '(?s)^(\S+)\t([0-9a-f-]{36}|undefined)\t(\w+)\t(.*)$', ['said_at', 'request_id', 'level', 'message']) end as t,
    text_type in ('report', 'init_report', 'restore_report') as is_text_report
  from typed
), told as (
  select delivery_id, source_arn, log_stream, source_at, ingested_at, line_type,
    case when is_json then 'json' when said is not null then 'text' end as format,
    nullif(case
      when platform_type is not null then p[3]
      when text_type = 'timeout' then regexp_extract(said, '^\S+ (\S+) ', 1)
      when text_type is not null then regexp_extract(said, '^(?:\w+ )?RequestId: (\S+)', 1)
      when is_json then list_filter(a[7:11], lambda id: regexp_full_match(id, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'))[1]
      when t.request_id <> 'undefined' then t.request_id end, '') as request_id,
    regexp_extract(upper(case when is_json then coalesce(a[1], a[2], a[3]) else t.level end), '^[\w.-]{1,20}$') as level,
    case when platform_type is not null then coalesce(p[4], p[5])
      when text_type = 'start' then nullif(regexp_extract(said, ' Version: (\S+)', 1), '') end as version,
    case when platform_type is not null then null
      when text_type = 'timeout' then regexp_extract(said, 'Task timed out after [^\r\n]*')
      when text_type = 'runtime_exit' then regexp_extract(said, '^(?:RequestId: \S+ )?(?:Error: )?([^\r\n]*)', 1)
      when text_type is not null then null
      when is_json then coalesce(a[4], a[5], a[6])
      else rtrim(coalesce(nullif(t.message, ''), said), E'\r\n') end as message,
    nullif(case
      when platform_type is not null then p[7]
      when is_text_report then regexp_extract(said, 'Error Type: (\S+)', 1)
      when text_type = 'runtime_exit' then regexp_extract(said, 'Runtime\.\w+')
      when text_type is not null then null
      when is_json then coalesce(a[12], a[13], a[14])
      when t.level not in ('ERROR', 'CRITICAL', 'FATAL') then null
      when t.said_at = '' then regexp_extract(t.message, '^([A-Za-z_][\w.]*)(?::|\s|$)', 1)
      else regexp_extract(t.message, '"errorType":"([^"]+)"', 1) end, '') as error_type,
    nullif(case
      when platform_type is not null then regexp_extract(p[8], 'Root=([^;]+)', 1)
      when text_type in ('report', 'xray') then regexp_extract(said, 'XRAY TraceId: (\S+)', 1)
      when is_json then a[15] end, '') as trace_id,
    try_cast(case when platform_type is not null then p[9]
      when is_text_report then regexp_extract(said, '(?:\t|  |[0-9a-f]{12} )Duration: ([0-9.]+) ms', 1) end as DOUBLE) as lasted_ms,
    try_cast(case when platform_type = 'report' then p[10]
      when is_text_report then regexp_extract(said, 'Billed Duration: ([0-9.]+) ms', 1) end as DOUBLE) as billed_ms,
    try_cast(case when platform_type = 'report' then p[11]
      when is_text_report then regexp_extract(said, 'Memory Size: ([0-9]+) MB', 1) end as DOUBLE) as memory_mb,
    try_cast(case when platform_type = 'report' then p[12]
      when is_text_report then regexp_extract(said, 'Max Memory Used: ([0-9]+) MB', 1) end as DOUBLE) as max_memory_mb,
    try_cast(case when platform_type = 'report' then p[13] when platform_type = 'init_report' then p[9]
      when is_text_report then regexp_extract(said, 'Init Duration: ([0-9.]+) ms', 1) end as DOUBLE) as init_ms,
    try_cast(case when platform_type = 'report' then p[14] when platform_type = 'restore_report' then p[9]
      when is_text_report then regexp_extract(said, '(?:\t|  |^RESTORE_REPORT )Restore Duration: ([0-9.]+) ms', 1) end as DOUBLE) as restore_ms,
    try_cast(case when platform_type = 'report' then p[15]
      when is_text_report then regexp_extract(said, 'Billed Restore Duration: ([0-9.]+) ms', 1) end as DOUBLE) as billed_restore_ms,
    nullif(case when platform_type is not null then p[6]
      when is_text_report then regexp_extract(said, 'Status: (\w+)', 1) end, '') as status,
    nullif(case when platform_type is not null then p[17]
      when is_text_report then regexp_extract(said, 'Phase: (\w+)', 1) end, '') as phase,
    p[16] as initialization_type,
    case when line_type <> 'application' then false
      when is_json then a[12] is not null and a[6] is not null and a[4] is null and a[16] is null
      else coalesce(t.level = 'ERROR' and (t.said_at = '' and error_type is not null
        or regexp_matches(t.message, '^(Invoke Error|Uncaught Exception|Unhandled Promise Rejection)\s')), false) end as unhandled
  from split
)
select delivery_id, source_arn, log_stream, source_at, ingested_at, line_type, format, request_id,
  nullif(level, '') as level, version, message, error_type, trace_id,
  case when isfinite(lasted_ms) and line_type in ('report', 'runtime_done') then lasted_ms end as duration_ms,
  try_cast(billed_ms as BIGINT) as billed_ms, try_cast(memory_mb as BIGINT) as memory_mb,
  try_cast(max_memory_mb as BIGINT) as max_memory_mb, case when isfinite(init_ms) then init_ms end as init_ms,
  case when isfinite(restore_ms) then restore_ms end as restore_ms, try_cast(billed_restore_ms as BIGINT) as billed_restore_ms,
  status, phase, initialization_type, unhandled
from told
