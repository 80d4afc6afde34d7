-- One row per user record of an aggregate that the Kinesis Producer Library packed; plain records have none.
-- -> delivery_id BIGINT: the aggregate's row in `records`
-- -> sub_sequence INTEGER: place in the aggregate, from 0
-- -> partition_key VARCHAR: as the producer gave it; null where the aggregate names none that could have been sent
-- -> explicit_hash_key VARCHAR: decimal; null where it has none, empty where it is damaged
-- -> body BLOB: payload; null where it is damaged
-- -> body_hash BLOB: xxh3-128 of the payload, as of `records`
-- -> inside_shard BOOLEAN: whether its hash key belongs to the shard; if one does not, the KCL drops the whole aggregate; null: unknown
with ranges as (
  select source_arn, partition_id, arg_max(starting_hash_key, observed_at) as low, arg_max(ending_hash_key, observed_at) as high
  from shards group by source_arn, partition_id
), opened as (
  select delivery_id, source_arn, partition_id, unnest(opened_aggregates(body)) as packed
  from may_be_aggregated
  where service = 'aws:kinesis' and body >= '\xF3\x89\x9A\xC2'::blob and body < '\xF3\x89\x9A\xC3'::blob
)
select delivery_id, packed.sub_sequence, packed.partition_key, packed.explicit_hash_key, packed.body, packed.body_hash,
       packed.hash_key::uhugeint between low and high as inside_shard
from opened left join ranges using (source_arn, partition_id)
