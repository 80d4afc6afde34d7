-- One row per captured delivery of a stream's record that has a partition key and an arrival, in no order.
-- $source_arn: the stream
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- -> record UBIGINT: hash of the record's id: the same for what was captured again
-- -> key UBIGINT: hash of the partition key, as in `keys`
-- -> shard UBIGINT: hash of the shard that it was captured from, as in `captured_shards`
-- -> arrived_us BIGINT: microseconds since 1970
-- -> bytes BIGINT: data and UTF-8 key
select hash(record_id) as record, hash(ordering_key) as key, hash(partition_id) as shard,
       epoch_us(source_at) as arrived_us, (body_bytes + strlen(ordering_key))::BIGINT as bytes
from records
where source_arn = $source_arn and ordering_key is not null and source_at is not null
  and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
