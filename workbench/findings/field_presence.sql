-- One row: how many payloads have the fields that were named.
-- $key: JSONPath of the business key
-- $sequence: JSONPath of the business sequence
-- -> payloads BIGINT: JSON payloads in the trace
-- -> with_key BIGINT: those that have the key
-- -> with_sequence BIGINT: those that have a whole number as sequence
select count(*) as payloads, count(field(body, $key)) as with_key,
       count(try_cast(field(body, $sequence) as bigint)) as with_sequence
from records where parse_status = 'json'
