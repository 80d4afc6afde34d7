-- One row per Kinesis record, or user record packed in one, however often it was delivered: what it adds to the load of its shard.
-- $source_arn: only this stream; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- -> source_arn VARCHAR: the stream
-- -> partition_id VARCHAR: the shard
-- -> sequence_number VARCHAR: of the record
-- -> sub_sequence INTEGER: place in an aggregate; null for a plain record
-- -> key VARCHAR: partition key; null where the service spread the record itself, or the aggregate is damaged
-- -> delivery_id BIGINT: a delivery of the record
-- -> source_at TIMESTAMP WITH TIME ZONE: arrival
-- -> millionths BIGINT: of one record of the shard's limit; the records of an aggregate share one evenly
-- -> bytes BIGINT: of the shard's limit, data and UTF-8 key; those of an aggregate are shared by size
-- The Kinesis Producer Library puts every aggregate under the key "a": it is no key of anybody's.
with packed as materialized (
  select delivery_id, sub_sequence, partition_key, coalesce(octet_length(body), 0) as size,
         count(*) over (partition by delivery_id) as together, sum(size) over (partition by delivery_id)::bigint as all_sizes
  from user_records
), put as not materialized (
  select delivery_id, source_arn, partition_id, sequence_number, ordering_key, source_at,
         body_bytes + coalesce(strlen(ordering_key), 0) as bytes
  from records anti join puts_again using (delivery_id)
  where service = 'aws:kinesis' and ($source_arn is null or source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
)
select source_arn, partition_id, sequence_number, null::integer as sub_sequence, ordering_key as key, delivery_id, source_at,
       1_000_000::bigint as millionths, bytes
from put anti join packed using (delivery_id)
union all
select source_arn, partition_id, sequence_number, sub_sequence, partition_key as key, delivery_id, source_at,
       1_000_000 // together as millionths, case when all_sizes > 0 then bytes * size // all_sizes else bytes // together end as bytes
from put join packed using (delivery_id)
