-- One row: how many payloads have the fields that were named.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $key: JSONPath of the business key
-- $sequence: JSONPath of the business sequence, a whole number
-- $event_time: JSONPath of the instant at which the event happened
-- -> payloads BIGINT: JSON payloads in the trace
-- -> key BIGINT: those that have the key
-- -> sequence BIGINT: those that have a whole number as sequence
-- -> event_time BIGINT: those that have an instant as event time
-- -> unnumbered BIGINT: those that have the key and no whole number as sequence
select count(*) as payloads, count(key) as key, count(sequence) as sequence, count(event_at) as event_time,
       count(*) filter (key is not null and sequence is null) as unnumbered
from business($key, $sequence, $event_time)
where ($source_arn is null or source_arn = $source_arn)
  and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
