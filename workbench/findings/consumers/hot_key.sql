-- One row per record of a hot key's worst second.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $records_limit: records per second that one shard takes
-- $bytes_limit: bytes per second (data and key) that one shard takes
-- $times_mean: a key is far over its share from so many times the mean key's records
-- $least_records: fewer records of a key, or a shard, than this say nothing about shares
-- -> source_arn VARCHAR: the stream
-- -> key VARCHAR: the partition key
-- -> delivery_id BIGINT: first delivery of a record of the worst second
-- -> source_at TIMESTAMP WITH TIME ZONE: its arrival
-- -> partition_id VARCHAR: its shard
-- -> records_per_second BIGINT: the key's highest second as the shard's limit counts, an aggregate once
-- -> bytes_per_second BIGINT: the key's highest second, bytes
-- -> share DOUBLE: the key's part of the stream's records
-- -> over_limit BOOLEAN: true when one second is over what a shard takes
with hot as materialized (
  from hot_keys($source_arn, $since, $until, $records_limit, $bytes_limit, $times_mean, $least_records)
)
select hot.source_arn, hot.key, min(delivery_id) as delivery_id, min(source_at) as source_at, partition_id, records_per_second,
       bytes_per_second, share, over_limit
from hot join puts($source_arn, $since, $until) as put
  on put.source_arn = hot.source_arn and put.key = hot.key and date_trunc('second', put.source_at) = worst_second
group by hot.source_arn, hot.key, partition_id, sequence_number, records_per_second, bytes_per_second, share, over_limit
order by source_arn, key, delivery_id
