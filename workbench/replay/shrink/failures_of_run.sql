-- One row per failed delivery of a run, in the order of the run.
-- $run_id: the run
-- -> delivery_id BIGINT: of the captured row
-- -> record_id VARCHAR: as captured
-- -> error_type VARCHAR: of the invocation; null where a partial answer named the record
-- -> error_message VARCHAR: with it
select delivery_id, record_id, error_type, error_message
from outcomes
where run_id = $run_id and invocation_id is not null
  and verdict in ('failed', 'dead_lettered', 'discarded_age', 'discarded_retries')
order by started_at, invocation_id, delivery_id
