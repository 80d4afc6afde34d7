-- One row per invocation of a run whose answer was written whole.
-- $run_id: the run
-- -> invocation_id VARCHAR: the request id the handler saw
-- -> event VARCHAR: JSON, as handed over
-- -> response VARCHAR: JSON, as given back; null where the handler failed
-- -> error_type VARCHAR: as Lambda reports it
-- -> error_message VARCHAR: with it
-- -> duration_ms DOUBLE: measured
-- -> cold BOOLEAN: whether the handler was loaded for it
-- -> billed_ms BIGINT: rounded up, initialisation included
-- -> max_memory_bytes BIGINT: of the worker so far
-- -> effects VARCHAR: JSON list of service, operation, parameters, answered_with, in order; null where there are none
with told as (
  select invocation_id, any_value(error_message) as error_message from outcomes
  where run_id = $run_id and error_type is not null
  group by invocation_id
), made as (
  select invocation_id, to_json(list({service: service, operation: operation, parameters: parameters,
         answered_with: answered_with} order by ordinal))::VARCHAR as effects
  from effects where run_id = $run_id
  group by invocation_id
)
select invocation_id, event, response, error_type, error_message, duration_ms, cold, billed_ms, max_memory_bytes, effects
from invocations left join told using (invocation_id) left join made using (invocation_id)
where run_id = $run_id and (error_type is null or error_message is not null)
