-- One row per message group of a FIFO queue and function: how long its messages waited for those before them.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- -> source_arn VARCHAR: the queue
-- -> message_group VARCHAR: MessageGroupId
-- -> log_group VARCHAR: ARN of the function's log group
-- -> messages BIGINT: messages with a logged handling
-- -> waiting BIGINT: of these, messages that waited for one before them
-- -> waited_ms DOUBLE: all their waits together
-- -> longest_ms DOUBLE: the longest wait
-- -> longest_record_id VARCHAR: who waited so long
-- -> blocked_by VARCHAR: the message before it that ended last
-- A message waits for its group from when it was sent, until the last of those before it ended or it was itself begun.
with spans as (
  select source_arn, record_id, log_group, min(started_at) as began_at, max(coalesce(ended_at, started_at)) as ended_at
  from handlings
  where certainty = 1 and started_at is not null and ends_with(source_arn, '.fifo') and ($source_arn is null or source_arn = $source_arn)
  group by all
), sent as (
  select source_arn, record_id, log_group, began_at, ended_at, min(ordering_key) as message_group, min(source_at) as sent_at,
         ltrim(min(sequence_number), '0') as place
  from records join spans using (source_arn, record_id)
  where service = 'aws:sqs' and ordering_key is not null and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
  group by all
), queued as (
  select *, max({'ended_at': ended_at, 'record_id': record_id}) over (
      partition by source_arn, log_group, message_group order by strlen(place), place, sent_at, record_id
      rows between unbounded preceding and 1 preceding) as blocker
  from sent
), waited as (
  select *, case when blocker is null then 0 else greatest(0, epoch_us(least(began_at, blocker.ended_at)) - epoch_us(sent_at)) end / 1000
           as waited_ms
  from queued
)
select source_arn, message_group, log_group, count(*) as messages, count(*) filter (waited_ms > 0) as waiting,
       coalesce(sum(waited_ms), 0)::double as waited_ms, coalesce(max(waited_ms), 0)::double as longest_ms,
       arg_max(record_id, (waited_ms, record_id)) filter (waited_ms > 0) as longest_record_id,
       arg_max(blocker.record_id, (waited_ms, record_id)) filter (waited_ms > 0) as blocked_by
from waited group by source_arn, message_group, log_group
order by waited_ms desc, source_arn, message_group, log_group
