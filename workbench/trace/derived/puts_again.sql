-- One row per delivery of a Kinesis record of which another delivery is counted: captured twice, or printed beside its capture.
-- -> delivery_id BIGINT: the delivery that adds nothing to the load
-- A hash chooses candidates; each is looked at exactly.
with repeated as (
  select hash(source_arn, partition_id, sequence_number) as record from records where service = 'aws:kinesis'
  group by record having count(*) > 1
)
select delivery_id from records
where service = 'aws:kinesis' and hash(source_arn, partition_id, sequence_number) in (from repeated)
qualify row_number() over (partition by source_arn, partition_id, sequence_number order by body_bytes desc, source_at, delivery_id) > 1
