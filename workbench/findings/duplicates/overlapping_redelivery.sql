-- One row per delivery of a message that was delivered again while an earlier attempt worked, and per first and last line of those.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $least_overlap_ms: attempts that worked together for less may have followed each other, ms
-- -> source_arn VARCHAR: the queue, of lines too
-- -> key VARCHAR: the message's id
-- -> delivery_id BIGINT: the delivery, or the log event
-- -> source_at TIMESTAMP WITH TIME ZONE: when the message was sent, or the line was written
-- -> receive_count INTEGER: ApproximateReceiveCount of the delivery; null for a line
-- -> request_id VARCHAR: the attempt whose line it is; null for a delivery
-- -> log_group VARCHAR: the log group of the line; null for a delivery
-- -> overlap_ms BIGINT: longest time that two attempts at the message worked together
-- An attempt is an invocation that an id in its log ties to the message (certainty 1). Attempts of two functions count where both
-- are known to be mapped to the queue, or both printed the event: an id may also stand in the log of a function further down.
with attempts as (
  select source_arn, record_id, log_group, request_id, told_by, first_line_id, last_line_id, status,
         coalesce(started_at, ended_at - to_microseconds((duration_ms * 1000)::bigint)) as began_at,
         coalesce(ended_at, started_at + to_microseconds((duration_ms * 1000)::bigint)) as over_at
  from handlings
  where certainty = 1 and split_part(source_arn, ':', 3) = 'sqs' and ($source_arn is null or source_arn = $source_arn)
), several as (
  select * from attempts
  semi join (select source_arn, record_id from attempts group by all having min(request_id) <> max(request_id))
    using (source_arn, record_id)
), consumers as (
  select distinct source_arn, log_group from event_source_mappings
), pairs as (
  select earlier.source_arn, earlier.record_id, [earlier.first_line_id, earlier.last_line_id] as earlier_lines,
         [later.first_line_id, later.last_line_id] as later_lines, earlier.request_id as earlier_id, later.request_id as later_id,
         earlier.log_group as earlier_group, later.log_group as later_group,
         epoch_ms(least(earlier.over_at, later.over_at)) - epoch_ms(later.began_at) as together_ms
  from several as earlier join several as later using (source_arn, record_id)
    left join consumers as earlier_mapped on earlier_mapped.source_arn = earlier.source_arn and earlier_mapped.log_group = earlier.log_group
    left join consumers as later_mapped on later_mapped.source_arn = later.source_arn and later_mapped.log_group = later.log_group
  where earlier.request_id <> later.request_id and (earlier.began_at, earlier.request_id) < (later.began_at, later.request_id)
    and earlier.over_at >= later.began_at + to_milliseconds($least_overlap_ms)
    and (earlier.log_group = later.log_group or earlier.told_by = 'event' and later.told_by = 'event'
         or earlier_mapped.log_group is not null and later_mapped.log_group is not null)
), overlapped as (
  select source_arn, record_id, max(together_ms) as overlap_ms from pairs
  where together_ms >= $least_overlap_ms group by source_arn, record_id
), lines as (
  select distinct source_arn, record_id, unnest(lines) as delivery_id, request_id, log_group
  from (select source_arn, record_id, earlier_lines as lines, earlier_id as request_id, earlier_group as log_group from pairs
        union all select source_arn, record_id, later_lines, later_id, later_group from pairs)
), witness as (
  select records.source_arn, records.record_id, delivery_id, source_at, receive_count, null::varchar as request_id,
         null::varchar as log_group
  from records semi join overlapped using (source_arn, record_id)
  where service = 'aws:sqs'
  union all
  select lines.source_arn, lines.record_id, delivery_id, records.source_at, null, lines.request_id, lines.log_group
  from lines join records using (delivery_id) where service = 'aws:logs'
), in_scope as (
  select source_arn, record_id from witness
  where request_id is null and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
)
select source_arn, witness.record_id as key, delivery_id, source_at, receive_count, request_id, log_group, overlap_ms
from witness join overlapped using (source_arn, record_id) semi join in_scope using (source_arn, record_id)
order by source_arn, key, request_id, source_at, delivery_id
