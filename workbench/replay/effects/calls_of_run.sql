-- One row per AWS call that a run's handler made, in the order of the run.
-- $run_id: the run
-- -> service VARCHAR: as botocore names it
-- -> operation VARCHAR: AWS's own name
-- -> parameters VARCHAR: JSON
-- -> answered_with VARCHAR: JSON, means and answer or error
select service, operation, parameters, answered_with
from effects join invocations using (run_id, invocation_id)
where run_id = $run_id
order by started_at, invocation_id, ordinal
