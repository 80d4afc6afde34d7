-- One row per run in which a delivery failed, the last one first.
-- -> run_id VARCHAR: the run
select run_id
from runs semi join (
  select run_id from outcomes
  where invocation_id is not null and verdict in ('failed', 'dead_lettered', 'discarded_age', 'discarded_retries')) using (run_id)
order by started_at desc, run_id desc
