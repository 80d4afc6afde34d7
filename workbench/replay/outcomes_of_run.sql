-- One row per delivery of a run, in the order of the run; a record that was never delivered has one with attempt 0.
-- $run_id: the run
-- -> run_id VARCHAR: the run
-- -> invocation_id VARCHAR: null where there was no delivery
-- -> attempt INTEGER: the record's deliveries so far, from 1
-- -> delivery_id BIGINT: of the captured row
-- -> record_id VARCHAR: as captured
-- -> partition_id VARCHAR: as captured
-- -> verdict VARCHAR: succeeded, failed, filtered, dead_lettered, discarded_age, discarded_retries, not_reached
-- -> error_type VARCHAR: of the invocation
-- -> error_message VARCHAR: of the invocation, or why its answer failed the batch
-- -> started_at TIMESTAMP WITH TIME ZONE: virtual
-- -> duration_ms DOUBLE: of the invocation
select run_id, invocation_id, attempt, delivery_id, record_id, partition_id, verdict, error_type, error_message,
       started_at, duration_ms
from outcomes
where run_id = $run_id
order by started_at nulls last, invocation_id, delivery_id
