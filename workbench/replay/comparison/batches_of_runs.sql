-- One row per pair of invocations of two runs that were given the same records for the same time, and per one that has no such fellow.
-- $run_a: the earlier run
-- $run_b: the later run
-- -> invocation_a VARCHAR: null where run a had no such batch
-- -> invocation_b VARCHAR: null where run b had no such batch
-- -> duration_a_ms DOUBLE: measured
-- -> duration_b_ms DOUBLE: measured
-- -> cold_a BOOLEAN: whether the handler was loaded for it
-- -> cold_b BOOLEAN: whether the handler was loaded for it
-- -> differs BOOLEAN: errors, responses or calls are not the same texts
-- -> text_bytes BIGINT: of all that is to be looked at
-- A request id is the run's own, so its text counts for nothing.
with given as (
  select run_id, invocation_id, to_json(list((partition_id, record_id) order by partition_id, record_id))::varchar as batch,
         any_value(concat_ws(': ', error_type, error_message)) filter (error_type is not null) as error
  from outcomes where run_id in ($run_a, $run_b) and invocation_id is not null
  group by run_id, invocation_id
), called as (
  select run_id, invocation_id,
         to_json(list((service, operation, replace(parameters, invocation_id, '')) order by ordinal))::varchar as calls
  from effects where run_id in ($run_a, $run_b)
  group by run_id, invocation_id
), told as (
  select run_id, invocation_id, duration_ms, cold, coalesce(md5(batch), '') as batch,
         md5(replace(concat_ws(chr(10), error_type, coalesce(error, ''), coalesce(response, 'no response'), calls), invocation_id, '')) as content,
         length(coalesce(response, '')) + length(coalesce(calls, '')) as text_bytes,
         row_number() over (partition by run_id, coalesce(md5(batch), '') order by started_at, invocation_id) as occurrence
  from invocations left join given using (run_id, invocation_id) left join called using (run_id, invocation_id)
  where run_id in ($run_a, $run_b)
), a as (from told where run_id = $run_a), b as (from told where run_id = $run_b)
select a.invocation_id as invocation_a, b.invocation_id as invocation_b, a.duration_ms as duration_a_ms,
       b.duration_ms as duration_b_ms, a.cold as cold_a, b.cold as cold_b, a.content is distinct from b.content as differs,
       coalesce(a.text_bytes, 0) + coalesce(b.text_bytes, 0) as text_bytes
from a full join b using (batch, occurrence)
order by invocation_a, invocation_b
