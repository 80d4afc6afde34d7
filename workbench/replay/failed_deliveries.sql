-- One row per delivery that an imported failure record or dead-letter message holds, or names by its range.
-- $source_arn: the source
-- -> delivery_id BIGINT: the first delivery of such a record
with named as (
  select coalesce(document->'$.KinesisBatchInfo', document->'$.DDBStreamBatchInfo') as batch
  from (select document::json as document from resources where kind = 'on-failure-record' and source_arn = $source_arn)
), failed as (
  select partition_id, record_id from records
  where source_arn = $source_arn and contains(attributes, '"failure"')
    and json_extract_string(attributes, '$.workbench.failure.kind') is not null
  union
  select partition_id, record_id
  from (select partition_id, record_id, sequence_number::bignum as number from records where source_arn = $source_arn and sequence_number is not null)
    join named on partition_id = batch->>'$.shardId'
     and number between (batch->>'$.startSequenceNumber')::bignum and (batch->>'$.endSequenceNumber')::bignum
)
select arg_min(delivery_id, (received_at, delivery_id)) as delivery_id
from records semi join failed using (partition_id, record_id)
where source_arn = $source_arn
group by partition_id, record_id
order by delivery_id
