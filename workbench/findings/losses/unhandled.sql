-- One row per witness of a record that its function should have been given and was not: itself, its handled neighbours, their lines.
-- $source_arn: only this stream; null for all
-- $since: earliest arrival; null for no bound
-- $until: latest arrival; null for no bound
-- $handling_lag_ms: a record may still be handled for so long, ms
-- $least_shown_share: the log must tell of this share of the shard's records
-- -> source_arn VARCHAR: the stream
-- -> key VARCHAR: the record
-- -> delivery_id BIGINT: the witness
-- -> source_at TIMESTAMP WITH TIME ZONE: when the witness arrived, or the line was written
-- -> role VARCHAR: record, handled_before, handled_after, line_before or line_after
-- -> partition_id VARCHAR: the shard
-- -> log_group VARCHAR: ARN of the function's log group
-- -> handled BIGINT: records of the shard that the log tells of
-- -> unhandled BIGINT: those between them that it does not tell of, filtered ones left out
-- Claimed between two neighbours that the log tells of, where it was read on for $handling_lag_ms without a hole, every invocation of
-- that time tells what it was given, and the record was young enough when its turn came.
with lost as (
  select * from unreached
  where passes and ($source_arn is null or source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
    and handled >= $least_shown_share * (handled + unhandled)
    and not is_within_request and not may_be_in_failed
    and covered_to_at >= greatest(after_started_at, source_at + to_milliseconds($handling_lag_ms))
    and coalesce(unaccounted_at > greatest(after_started_at, source_at + to_milliseconds($handling_lag_ms)), true)
    and coalesce(after_started_at < source_at + to_seconds(limit_s), true)
), witness as (
  select source_arn, record_id, partition_id, log_group, handled, unhandled,
         unnest([delivery_id, before_delivery_id, after_delivery_id, before_line_id, after_line_id]) as delivery_id,
         unnest(['record', 'handled_before', 'handled_after', 'line_before', 'line_after']) as role
  from lost
)
select witness.source_arn, witness.record_id as key, delivery_id, coalesce(records.source_at, records.received_at) as source_at, role,
       witness.partition_id, log_group, handled, unhandled
from witness join records using (delivery_id)
order by source_arn, key, role, delivery_id
