-- One row per shard and application: how far capture has read, and how far the application had when it was last looked at.
-- -> source_arn VARCHAR: the stream
-- -> partition_id VARCHAR: the shard
-- -> application VARCHAR: the Kinesis Client Library application, by its lease table
-- -> observed_at TIMESTAMP WITH TIME ZONE: when its leases were read
-- -> captured_to VARCHAR: sequence number of the last record that was stored; null: none
-- -> processed_to VARCHAR: the application's checkpoint: a sequence number, TRIM_HORIZON, LATEST, AT_TIMESTAMP or SHARD_END
-- -> processed_sub_sequence BIGINT: within an aggregate
-- -> lease_owner VARCHAR: the worker that holds the shard; null: nobody
-- -> stored_after BIGINT: stored records that lie after the application's checkpoint; null where that is no number
with newest as (
  select source_arn, observed_at, document from resources
  where kind = 'kcl-leases' and json_valid(document)
  qualify row_number() over (partition by source_arn, document->>'$.application' order by observed_at desc) = 1
), leases as (
  select source_arn, observed_at, document->>'$.application' as application, unnest(from_json(document->'$.leases',
         '[{"shardId":"VARCHAR","checkpoint":"VARCHAR","checkpointSubSequenceNumber":"BIGINT","leaseOwner":"VARCHAR"}]'),
         recursive := true)
  from newest
)
select leases.source_arn, shardId as partition_id, application, observed_at,
       arg_max(sequence_number, sequence_number::bignum) as captured_to, checkpoint as processed_to,
       checkpointSubSequenceNumber as processed_sub_sequence, leaseOwner as lease_owner,
       case when any_value(try_cast(checkpoint as bignum)) is not null
            then count(*) filter (sequence_number::bignum > try_cast(checkpoint as bignum)) end as stored_after
from leases left join records on records.source_arn = leases.source_arn and records.partition_id = shardId
group by all
order by leases.source_arn, application, shardId
