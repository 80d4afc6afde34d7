-- One row per invocation whose instance was initialised, or restored from a snapshot, for it or ahead of it.
-- -> source_arn VARCHAR: log group
-- -> request_id VARCHAR: of the invocation
-- -> attempt BIGINT: as of `invocations_observed`
-- -> log_stream VARCHAR: the instance
-- -> version VARCHAR: of the function
-- -> init_started_at TIMESTAMP WITH TIME ZONE: INIT_START; null where it was not logged, or lies before what was read
-- -> started_at TIMESTAMP WITH TIME ZONE: START
-- -> init_ms DOUBLE: initialisation; null of a restored snapshot
-- -> restore_ms DOUBLE: restoring a snapshot
-- -> idle_ms DOUBLE: from the end of the initialisation to START; null where it cannot be told
-- -> first_delivery_id BIGINT: first of its lines in `records`
-- -> last_delivery_id BIGINT: last of its lines
-- Lambda may initialise an instance before anyone calls it: then INIT_START lies long before START, and nobody waited.
with told as (
  select told.*, max(line.source_at) as init_started_at
  from invocations_observed as told left join log_lines as line
    on line.line_type = 'init_start' and line.source_arn = told.source_arn and line.log_stream = told.log_stream
   and line.delivery_id between first_delivery_id and last_delivery_id and line.source_at <= started_at
  where told.cold or told.restore_ms is not null
  group by all
)
select source_arn, request_id, attempt, log_stream, version, init_started_at, started_at, init_ms, restore_ms,
       date_diff('microsecond', init_started_at, started_at) / 1_000 - init_ms as idle_ms, first_delivery_id, last_delivery_id
from told
