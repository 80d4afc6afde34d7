-- One row per run of the id that was begun: what decided what it does.
-- $run_id: the run
-- -> plan VARCHAR: JSON
select plan
from run_plans
where run_id = $run_id
