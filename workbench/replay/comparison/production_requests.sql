-- One row per request in production that had a record of the run.
-- $run_id: the run
-- $min_certainty: requests that are less sure to have had the record do not count
-- -> request_id VARCHAR: of the invocation
-- -> log_group VARCHAR: that tells it
-- -> duration_ms DOUBLE: of the handler; null where it was not logged
-- -> cold BOOLEAN: an instance was initialised for it
-- -> init_ms DOUBLE: initialisation
-- -> max_memory_mb BIGINT: most memory used
with origin as (
  select source_arn from runs where run_id = $run_id
  union
  select origin_arn from dead_letter_queues join runs using (source_arn) where run_id = $run_id
), asked as (
  select distinct log_group as source_arn, request_id, attempt
  from (from handlings semi join origin using (source_arn))
    semi join (select record_id from outcomes where run_id = $run_id) using (record_id)
  where certainty >= $min_certainty
)
select request_id, source_arn as log_group, duration_ms, cold, init_ms, max_memory_mb
from invocations_observed semi join asked using (source_arn, request_id, attempt)
order by request_id, attempt
