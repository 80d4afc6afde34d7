-- One row per invocation asked for: what it was given, what it answered, what it called.
-- $run_id: the run
-- $invocation_ids: the invocations
-- -> invocation_id VARCHAR: the request id the handler saw
-- -> record_ids VARCHAR[]: records that it was given
-- -> partition_ids VARCHAR[]: of each of them
-- -> error_type VARCHAR: as Lambda reports it
-- -> error_message VARCHAR: with it
-- -> response VARCHAR: JSON, as given back
-- -> receipt_handles VARCHAR[]: of the event's records
-- -> calls VARCHAR: JSON list of service, operation, parameters, answered_with, in order; null where there are none
with asked as (
  select unnest($invocation_ids::varchar[]) as invocation_id
), given as (
  select invocation_id, list(record_id order by partition_id, record_id) as record_ids,
         list(partition_id order by partition_id, record_id) as partition_ids, any_value(error_message) as error_message
  from outcomes semi join asked using (invocation_id) where run_id = $run_id
  group by invocation_id
), called as (
  select invocation_id, to_json(list({service: service, operation: operation, parameters: parameters,
         answered_with: answered_with} order by ordinal))::varchar as calls
  from effects semi join asked using (invocation_id) where run_id = $run_id
  group by invocation_id
)
select invocation_id, record_ids, partition_ids, error_type, error_message, response,
       regexp_extract_all(event, '"receiptHandle":"([^"]+)"', 1) as receipt_handles, calls
from (from invocations semi join asked using (invocation_id)) left join given using (invocation_id) left join called using (invocation_id)
where run_id = $run_id
order by invocation_id
