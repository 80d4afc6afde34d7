-- One row per kind of AWS call that a replay's handler made.
-- $run_id: the run
-- -> service VARCHAR: as botocore names it
-- -> operation VARCHAR: AWS's own name
-- -> calls BIGINT: how many
-- -> means VARCHAR: how they were answered, the most frequent
select service, operation, count(*) as calls, mode(answered_with->>'$.means') as means
from effects where run_id = $run_id
group by service, operation
order by calls desc, service, operation
