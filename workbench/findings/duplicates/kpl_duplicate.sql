-- One row per aggregate that holds a user record which came in another aggregate of the stream too, moments apart.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $kpl_window_ms: longest time between two puts of one user record, ms
-- $chance: largest share of what is found that chance may explain
-- -> source_arn VARCHAR: the stream
-- -> key VARCHAR: the user record's own partition key
-- -> delivery_id BIGINT: first delivery of each aggregate
-- -> source_at TIMESTAMP WITH TIME ZONE: when the aggregate arrived in the stream
-- -> sequence_number VARCHAR: the aggregate's sequence number
-- -> sub_sequence INTEGER: the user record's place in it
-- -> is_whole BOOLEAN: another aggregate of the group is the same byte for byte
-- -> content VARCHAR: hash of the user record's data, hexadecimal
-- -> group_number BIGINT: tells apart groups of one content
-- -> by_chance DOUBLE: share of the pairs so close that chance explains, over the whole source
-- A user record that stands in one aggregate several times is as the producer meant it: only aggregates are compared.
with packed as (
  select source_arn, sequence_number, delivery_id, source_at, received_at, sub_sequence, coalesce(partition_key, '') as key,
         lower(hex(user_records.body_hash)) as data_hash, concat(data_hash, ' ', key) as content, records.body_hash as aggregate_hash
  from user_records join records using (delivery_id)
  where service = 'aws:kinesis' and user_records.body_hash is not null and ($source_arn is null or source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
), repeated as (
  select source_arn, content from packed group by source_arn, content having min(sequence_number) <> max(sequence_number)
), spans as (
  select source_arn, epoch_ms(max(source_at)) - epoch_ms(min(source_at)) + 1 as span_ms from packed group by source_arn
), sends as (
  select packed.*, sequence_number as identity, span_ms
  from packed semi join repeated using (source_arn, content) join spans using (source_arn)
  qualify row_number() over (partition by source_arn, content, sequence_number order by sub_sequence, received_at, delivery_id) = 1
)
select source_arn, key, delivery_id, source_at, sequence_number, sub_sequence,
       count(*) over (partition by source_arn, content, group_number, aggregate_hash) > 1 as is_whole,
       data_hash as content, group_number, by_chance
from close_sends('sends', $kpl_window_ms, $chance)
order by source_arn, key, content, group_number, source_at, delivery_id
