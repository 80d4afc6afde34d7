-- One row per checkpoint whose last sequence number is not among the stored records: a position ahead of its data.
-- -> source_arn VARCHAR: the source
-- -> partition_id VARCHAR: the shard
-- -> last_sequence_number VARCHAR: what the checkpoint stands behind
select source_arn, partition_id, last_sequence_number
from checkpoints
where last_sequence_number is not null
  and not exists (
    from records
    where records.source_arn = checkpoints.source_arn and records.partition_id = checkpoints.partition_id
      and records.sequence_number = checkpoints.last_sequence_number)
order by source_arn, partition_id
