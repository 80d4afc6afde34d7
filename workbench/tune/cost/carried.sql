-- One row per source of the trace: what it carried, each record once however often it was captured.
-- $source_arns: the sources; null for all
-- $chunk_bytes: payload that is one request
-- $unit_bytes: payload that is one PUT payload unit
-- $grain_bytes: size that each record is rounded up to where data is charged by volume
-- -> source_arn VARCHAR: the source
-- -> service VARCHAR: as in `records`
-- -> records BIGINT: how many
-- -> moved BIGINT: of these, those that SQS moved here from another queue; not in requests and receipts
-- -> bytes BIGINT: their payloads
-- -> chunks BIGINT: requests that they are, sent one by one
-- -> grouped_chunks BIGINT: of these, those with a message group id
-- -> put_units BIGINT: PUT payload units
-- -> rounded_bytes BIGINT: payloads, each rounded up
-- -> receipts BIGINT: of messages by others than us, each as often as it was received
-- -> received_chunks BIGINT: requests that they are, received one by one
-- -> received_bytes BIGINT: payloads, each as often
-- -> partitions BIGINT: shards or streams that something was captured from
-- Lambda's answer and a peek may show one message twice: its highest receive count says how often others had it.
with record as (
  select source_arn, service, record_id, any_value(partition_id) as partition_id, max(body_bytes)::BIGINT as size,
         any_value(ordering_key) is not null as is_grouped,
         coalesce(bool_or(contains(attributes, '"DeadLetterQueueSourceArn"')), false) as is_moved,
         greatest(max(coalesce(receive_count, 1)
           - coalesce(try_cast(regexp_extract(attributes, '"own_receives":\s*(\d+)', 1) as integer), 0)), 0) as receipts
  from records
  where $source_arns is null or list_contains($source_arns, source_arn)
  group by source_arn, service, record_id
)
select source_arn, service, count(*) as records, count(*) filter (is_moved) as moved, sum(size)::BIGINT as bytes,
       coalesce(sum(greatest(1, ceil(size / $chunk_bytes))) filter (not is_moved), 0)::BIGINT as chunks,
       coalesce(sum(greatest(1, ceil(size / $chunk_bytes))) filter (is_grouped and not is_moved), 0)::BIGINT as grouped_chunks,
       sum(greatest(1, ceil(size / $unit_bytes)))::BIGINT as put_units,
       sum(greatest(1, ceil(size / $grain_bytes)) * $grain_bytes)::BIGINT as rounded_bytes,
       coalesce(sum(receipts) filter (not is_moved), 0)::BIGINT as receipts,
       coalesce(sum(greatest(1, ceil(size / $chunk_bytes)) * receipts) filter (not is_moved), 0)::BIGINT as received_chunks,
       coalesce(sum(size * receipts) filter (not is_moved), 0)::BIGINT as received_bytes,
       count(distinct partition_id) as partitions
from record
group by source_arn, service
order by source_arn
