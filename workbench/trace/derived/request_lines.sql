-- One row per log line that is of an invocation: of which one, and of which attempt.
-- -> delivery_id BIGINT: of the line in `records`
-- -> source_arn VARCHAR: log group
-- -> request_id VARCHAR: of the invocation
-- -> attempt BIGINT: counted by START lines, from 1: an asynchronous retry keeps its request id
-- An instance handles one request at a time, so a line without a request id is of the last request named in its stream; an
-- initialisation between two requests is of the next. An event that was captured again is no second START.
with repeated as (
  select hash(source_arn, record_id) as id_hash from records where service = 'aws:logs' group by id_hash having count(*) > 1
), again as (
  select delivery_id from records
  where service = 'aws:logs' and hash(source_arn, record_id) in (from repeated)
  qualify row_number() over (partition by source_arn, partition_id, record_id order by delivery_id) > 1
), line as (
  select delivery_id, source_arn, log_stream, source_at, line_type, request_id,
    line_type in ('init_start', 'init_runtime_done', 'init_report', 'restore_start', 'restore_runtime_done', 'restore_report') as is_before
  from log_lines anti join again using (delivery_id)
  where line_type not in ('extension', 'telemetry', 'logs_dropped') and not starts_with(line_type, 'platform.')
), untimed as (
  select distinct source_arn, partition_id as log_stream, true as is_untimed
  from records where service = 'aws:logs' and source_at is null
), placed as (
  select line.*, case when is_untimed is null then source_at end as placed_at
  from line left join untimed using (source_arn, log_stream)
), named as (
  select *,
    last_value(request_id ignore nulls) over until_now as current_request,
    last_value(case when line_type in ('start', 'end', 'runtime_done', 'report') then line_type end ignore nulls) over until_now as edge,
    case when is_before then first_value(case when line_type in ('start', 'end', 'runtime_done', 'report') then request_id end ignore nulls) over from_now end as next_request
  from placed
  window until_now as (partition by source_arn, log_stream order by placed_at, delivery_id rows between unbounded preceding and current row),
         from_now as (partition by source_arn, log_stream order by placed_at, delivery_id rows between current row and unbounded following)
), of_request as (
  select * replace (case when request_id is not null or not is_before or edge = 'start' then coalesce(request_id, current_request)
                         else next_request end as request_id),
    request_id is null and is_before and edge is distinct from 'start' as is_ahead
  from named
)
select delivery_id, source_arn, request_id, greatest(1, is_ahead::BIGINT + count(*) filter (line_type = 'start') over (
    partition by source_arn, request_id order by placed_at, delivery_id rows between unbounded preceding and current row)) as attempt
from of_request where request_id is not null
