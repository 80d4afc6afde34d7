-- One row per invocation that a log group tells of; an asynchronous retry keeps its request id and is another attempt.
-- -> source_arn VARCHAR: log group
-- -> request_id VARCHAR: of the invocation
-- -> attempt BIGINT: counted by START lines, from 1
-- -> log_stream VARCHAR: the instance that ran it
-- -> version VARCHAR: of the function, as the line or the stream's name says
-- -> started_at TIMESTAMP WITH TIME ZONE: START; null where it was not logged
-- -> ended_at TIMESTAMP WITH TIME ZONE: END or what stands for it
-- -> cold BOOLEAN: an instance was initialised for it (not restored); null where nothing tells
-- -> init_ms DOUBLE: initialisation
-- -> restore_ms DOUBLE: restoring a snapshot
-- -> duration_ms DOUBLE: of the handler; null where the system log level leaves it out
-- -> billed_ms BIGINT: billed duration
-- -> memory_mb BIGINT: memory the function has
-- -> max_memory_mb BIGINT: most memory used
-- -> status VARCHAR: success, error, timeout, failure or unknown
-- -> error_type VARCHAR: what the handler raised, or what the platform calls the end
-- -> error_message VARCHAR: its first line
-- -> trace_id VARCHAR: X-Ray's
-- -> application_lines BIGINT: lines of its own, blank ones left out
-- -> first_delivery_id BIGINT: first of its lines in `records`
-- -> last_delivery_id BIGINT: last of its lines
-- Text tells no success: a REPORT with nothing wrong beside it is one.
-- A process that was killed with all its memory in use is out of memory, as newer REPORT lines say themselves.
with line as (
  select of_request.source_arn, of_request.request_id, attempt, delivery_id, log_stream, source_at, line_type, version, trace_id,
    duration_ms, billed_ms, memory_mb, max_memory_mb, init_ms, restore_ms, status, unhandled, error_type, message = '' as is_blank,
    line_type in ('init_start', 'init_runtime_done', 'init_report') and coalesce(initialization_type, 'on-demand') = 'on-demand' as is_init,
    case when unhandled then coalesce(
        nullif(regexp_extract(message, '"errorMessage":"((?:[^"\\]|\\.)*)"', 1), ''),
        regexp_extract(regexp_replace(message, '^' || regexp_escape(error_type) || ': ', ''), '^[^\r\n]*'))
      when line_type in ('timeout', 'runtime_exit') then message end as failure
  from request_lines as of_request join log_lines using (delivery_id)
), told as (
  select source_arn, request_id, attempt,
    coalesce(max(log_stream) filter (line_type = 'start'), min(log_stream)) as log_stream,
    coalesce(max(version) filter (line_type = 'start'), max(version)) as version,
    min(source_at) filter (line_type = 'start') as started_at,
    coalesce(max(source_at) filter (line_type = 'end'), max(source_at) filter (line_type = 'runtime_done'),
             max(source_at) filter (line_type = 'report')) as ended_at,
    bool_or(line_type = 'report') as is_reported, bool_or(is_init) as is_initialised,
    coalesce(max(init_ms) filter (line_type = 'report'), max(init_ms) filter (is_init)) as init_ms,
    max(restore_ms) as restore_ms,
    coalesce(max(duration_ms) filter (line_type = 'report'), max(duration_ms) filter (line_type = 'runtime_done')) as duration_ms,
    max(billed_ms) as billed_ms, max(memory_mb) as memory_mb, max(max_memory_mb) as max_memory_mb,
    coalesce(max(status) filter (line_type = 'report'), max(status) filter (line_type = 'runtime_done'),
      case when bool_or(line_type = 'timeout') then 'timeout'
           when bool_or(line_type = 'runtime_exit' or unhandled) then 'error'
           when bool_or(line_type = 'report') then 'success' else 'unknown' end) as status,
    coalesce(max(error_type) filter (line_type = 'report'), max(error_type) filter (line_type = 'runtime_done')) as platform_error,
    max(error_type) filter (unhandled) as handler_error,
    max(error_type) filter (line_type = 'runtime_exit') as exit_error,
    max(error_type) filter (is_init) as init_error,
    coalesce(min_by(failure, delivery_id) filter (unhandled), min_by(failure, delivery_id) filter (line_type = 'timeout'),
             min_by(failure, delivery_id) filter (line_type = 'runtime_exit' and contains(failure, ' '))) as failure,
    max(trace_id) as trace_id, count(*) filter (line_type = 'application' and not coalesce(is_blank, false)) as application_lines,
    min(delivery_id) as first_delivery_id, max(delivery_id) as last_delivery_id
  from line group by source_arn, request_id, attempt
)
select source_arn, request_id, attempt, log_stream,
  coalesce(version, nullif(regexp_extract(log_stream, '\[([^\]]+)\]', 1), '')) as version, started_at, ended_at,
  case when is_reported then init_ms is not null when is_initialised then true end as cold,
  init_ms, restore_ms, duration_ms, billed_ms, memory_mb, max_memory_mb, status,
  case when status in ('success', 'unknown') then null
    when contains(failure, 'signal: killed') and max_memory_mb >= memory_mb then 'Runtime.OutOfMemory'
    else coalesce(nullif(platform_error, 'Function.Unknown'), handler_error, exit_error, init_error, platform_error) end as error_type,
  case when status not in ('success', 'unknown') then failure end as error_message,
  trace_id, application_lines, first_delivery_id, last_delivery_id
from told
