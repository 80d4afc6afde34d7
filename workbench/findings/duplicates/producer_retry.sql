-- One row per stream record of a group with equal data and key under different sequence numbers, put seconds apart.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $retry_window_ms: longest time between two puts of one act of retrying, ms
-- $chance: largest share of what is found that chance may explain
-- -> source_arn VARCHAR: the stream
-- -> key VARCHAR: the partition key
-- -> delivery_id BIGINT: first delivery of each record
-- -> source_at TIMESTAMP WITH TIME ZONE: when it arrived in the stream
-- -> sequence_number VARCHAR: the record's sequence number
-- -> partition_id VARCHAR: its shard; a reshard may part the puts of one key
-- -> content VARCHAR: hash of the data, hexadecimal
-- -> group_number BIGINT: tells apart groups of one content
-- -> by_chance DOUBLE: share of the pairs so close that chance explains, over the whole source
-- A narrow pass over hashes finds the data that came under two numbers; the rest looks at those alone, exactly.
with hashed as materialized (
  select delivery_id, hash(source_arn, ordering_key, body_hash) as content_hash, hash(sequence_number) as number_hash
  from records
  where service = 'aws:kinesis' and body_bytes > 0 and ($source_arn is null or source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
), repeated as (
  select content_hash from hashed group by content_hash having min(number_hash) <> max(number_hash)
), spans as (
  select source_arn, epoch_ms(max(source_at)) - epoch_ms(min(source_at)) + 1 as span_ms
  from records
  where service = 'aws:kinesis' and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
  group by source_arn
), sends as (
  select source_arn, partition_id, coalesce(ordering_key, '') as key, sequence_number, sequence_number as identity, delivery_id,
         source_at, span_ms, lower(hex(body_hash)) as data_hash, concat(data_hash, ' ', key) as content
  from records join spans using (source_arn)
  where service = 'aws:kinesis' and delivery_id in (select delivery_id from hashed semi join repeated using (content_hash))
  qualify row_number() over (partition by source_arn, sequence_number, content order by received_at, delivery_id) = 1
)
select source_arn, key, delivery_id, source_at, sequence_number, partition_id, data_hash as content, group_number, by_chance
from close_sends('sends', $retry_window_ms, $chance)
order by source_arn, key, content, group_number, source_at, delivery_id
