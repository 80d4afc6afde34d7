-- One row per source that hands its records to functions in batches, those with a captured mapping first, then the busier.
-- -> source_arn VARCHAR: queue, stream or table stream
-- -> has_mapping BOOLEAN: an event source mapping of it was captured
-- -> records BIGINT: captured records of it
with there as (
  select source_arn, count(distinct record_id) as records
  from records where service in ('aws:sqs', 'aws:kinesis', 'aws:dynamodb') group by source_arn
)
select source_arn, source_arn in (select source_arn from event_source_mappings) as has_mapping, records
from there order by has_mapping desc, records desc, source_arn
