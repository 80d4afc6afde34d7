-- One row per invocation of a replay that ended by itself, with records in it.
-- $run_id: the replay
-- -> records BIGINT: of its batch
-- -> duration_ms DOUBLE: of the handler, here
-- -> init_ms DOUBLE: always null: an initialisation here tells nothing of Lambda's
-- -> status VARCHAR: success or error
select batch_size::bigint as records, duration_ms, null::double as init_ms,
       case when error_type is null then 'success' else 'error' end as status
from invocations
where run_id = $run_id and batch_size > 0 and duration_ms is not null
order by started_at, invocation_id
