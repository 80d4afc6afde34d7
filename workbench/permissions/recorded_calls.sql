-- One row per different AWS call that a run's handler made.
-- $run_id: the run
-- -> service VARCHAR: as botocore names it
-- -> operation VARCHAR: AWS's own name
-- -> parameters VARCHAR: JSON
-- -> times BIGINT: how often it was made
select service, operation, parameters, count(*) as times
from effects
where run_id = $run_id
group by all
order by all
