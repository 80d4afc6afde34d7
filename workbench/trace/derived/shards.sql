-- One row per shard and time the stream was described.
-- -> source_arn VARCHAR: stream or table stream
-- -> partition_id VARCHAR: the shard
-- -> observed_at TIMESTAMP WITH TIME ZONE: when it was so
-- -> parents VARCHAR[]: shards it came from; empty for a first one
-- -> starting_hash_key UHUGEINT: of a Kinesis shard
-- -> ending_hash_key UHUGEINT: inclusive
-- -> starting_sequence_number VARCHAR: first it can hold
-- -> ending_sequence_number VARCHAR: last it holds; null while it is open
with told as (
  select source_arn, observed_at, unnest(try(from_json(
           coalesce(json_extract(document, '$.Shards'), json_extract(document, '$.StreamDescription.Shards')),
           '[{"ShardId":"VARCHAR","ParentShardId":"VARCHAR","AdjacentParentShardId":"VARCHAR",
              "HashKeyRange":{"StartingHashKey":"VARCHAR","EndingHashKey":"VARCHAR"},
              "SequenceNumberRange":{"StartingSequenceNumber":"VARCHAR","EndingSequenceNumber":"VARCHAR"}}]'))) as shard
  from resources where kind in ('list-shards', 'describe-stream') and json_valid(document)
)
select source_arn, shard.ShardId as partition_id, observed_at,
       list_filter([shard.ParentShardId, shard.AdjacentParentShardId], lambda parent: parent is not null) as parents,
       try_cast(shard.HashKeyRange.StartingHashKey as uhugeint) as starting_hash_key,
       try_cast(shard.HashKeyRange.EndingHashKey as uhugeint) as ending_hash_key,
       shard.SequenceNumberRange.StartingSequenceNumber as starting_sequence_number,
       shard.SequenceNumberRange.EndingSequenceNumber as ending_sequence_number
from told
