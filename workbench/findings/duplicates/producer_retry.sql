-- One row per stream record of a group with equal data and key under different sequence numbers, put seconds apart.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $retry_window_ms: longest time between two puts of one act of retrying, ms
-- -> source_arn VARCHAR: the stream
-- -> key VARCHAR: the partition key
-- -> delivery_id BIGINT: first delivery of each record
-- -> source_at TIMESTAMP WITH TIME ZONE: when it arrived in the stream
-- -> sequence_number VARCHAR: the record's sequence number
-- -> content VARCHAR: hash of the data, hexadecimal
-- -> group_number BIGINT: tells apart groups of one content
-- Data that comes at a steady beat (heartbeats: four or more, evenly spaced) is no retry.
with put as (
  select source_arn, partition_id, ordering_key, sequence_number, delivery_id, source_at, lower(hex(body_hash)) as content
  from records
  where service = 'aws:kinesis' and body_bytes > 0 and ($source_arn is null or source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
  qualify row_number() over (partition by source_arn, partition_id, sequence_number order by delivery_id) = 1
), stepped as (
  select *, epoch_ms(source_at) - epoch_ms(lag(source_at) over of_content) as gap_ms,
         case when gap_ms <= $retry_window_ms then 0 else 1 end as starts
  from put
  window of_content as (partition by source_arn, ordering_key, content order by source_at, delivery_id)
), grouped as (
  select *, sum(starts) over (partition by source_arn, ordering_key, content order by source_at, delivery_id rows unbounded preceding) as group_number
  from stepped
)
select source_arn, coalesce(ordering_key, '') as key, delivery_id, source_at, sequence_number, content, group_number::bigint as group_number
from grouped
window of_group as (partition by source_arn, ordering_key, content, group_number)
qualify count(*) over of_group > 1
    and not (count(*) over of_group >= 4
             and coalesce(stddev_pop(case when starts = 0 then gap_ms end) over of_group
                          / nullif(avg(case when starts = 0 then gap_ms end) over of_group, 0), 1) < 0.5)
order by source_arn, key, content, group_number, source_at, delivery_id
