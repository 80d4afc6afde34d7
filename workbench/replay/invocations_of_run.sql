-- One row per invocation of a run, in virtual order.
-- $run_id: the run
-- -> run_id VARCHAR: the run
-- -> invocation_id VARCHAR: the request id the handler saw
-- -> batch_size INTEGER: records
-- -> closed_by VARCHAR: what ended the batch
-- -> event VARCHAR: JSON, as handed over
-- -> response VARCHAR: JSON, as given back; null where the handler failed
-- -> error_type VARCHAR: as Lambda reports it
-- -> started_at TIMESTAMP WITH TIME ZONE: virtual
-- -> duration_ms DOUBLE: measured
-- -> cold BOOLEAN: whether the handler was loaded for it
-- -> billed_ms BIGINT: rounded up, initialisation included
-- -> max_memory_bytes BIGINT: of the worker so far
select run_id, invocation_id, batch_size, closed_by, event, response, error_type, started_at, duration_ms, cold,
       billed_ms, max_memory_bytes
from invocations
where run_id = $run_id
order by started_at, invocation_id
