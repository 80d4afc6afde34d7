-- One row per record of either run, with its last verdict and error in both.
-- $run_a: the earlier run
-- $run_b: the later run
-- -> partition_id VARCHAR: as captured
-- -> record_id VARCHAR: as captured
-- -> delivery_id BIGINT: of the captured row
-- -> verdict_a VARCHAR: null where run a had no such record
-- -> error_a VARCHAR: error type, with its message
-- -> attempts_a INTEGER: deliveries
-- -> verdict_b VARCHAR: null where run b had no such record
-- -> error_b VARCHAR: error type, with its message
-- -> attempts_b INTEGER: deliveries
with last as (
  select run_id, partition_id, record_id, delivery_id, verdict, attempt,
         nullif(concat_ws(': ', error_type, error_message), '') as error
  from outcomes
  where run_id in ($run_a, $run_b)
  qualify row_number() over (partition by run_id, partition_id, record_id order by attempt desc) = 1
), a as (from last where run_id = $run_a), b as (from last where run_id = $run_b)
select partition_id, record_id, coalesce(a.delivery_id, b.delivery_id) as delivery_id,
       a.verdict as verdict_a, a.error as error_a, a.attempt as attempts_a,
       b.verdict as verdict_b, b.error as error_b, b.attempt as attempts_b
from a full join b using (partition_id, record_id)
order by delivery_id
