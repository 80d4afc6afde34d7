-- One row per delivery of an aggregate with user records that do not belong to the shard it stands in.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- -> source_arn VARCHAR: the stream
-- -> key VARCHAR: shard and sequence number of the aggregate, `shard:sequence`
-- -> delivery_id BIGINT: the delivery
-- -> source_at TIMESTAMP WITH TIME ZONE: the aggregate's instant
-- -> user_records BIGINT: how many the aggregate holds: a consumer that drops it drops them all
-- -> sub_sequences INTEGER[]: places of those outside
-- -> partition_keys VARCHAR[]: their partition keys
-- -> explicit_hash_keys VARCHAR[]: their explicit hash keys; null where the partition key's MD5 decides
with outside as (
  select delivery_id, count(*) as user_records,
         list(sub_sequence order by sub_sequence) filter (not inside_shard) as sub_sequences,
         list(partition_key order by sub_sequence) filter (not inside_shard) as partition_keys,
         list(explicit_hash_key order by sub_sequence) filter (not inside_shard) as explicit_hash_keys
  from user_records group by delivery_id having bool_or(not inside_shard)
)
select source_arn, partition_id || ':' || sequence_number as key, delivery_id, source_at, user_records, sub_sequences, partition_keys,
       explicit_hash_keys
from outside join records using (delivery_id)
where ($source_arn is null or source_arn = $source_arn)
  and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
order by source_arn, key, delivery_id
