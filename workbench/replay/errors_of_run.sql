-- One row per signature that deliveries of a run failed with, the most frequent first.
-- $run_id: the run
-- -> signature VARCHAR: error type and message without what differs from one failure to the next
-- -> deliveries BIGINT: that failed so
-- -> records BIGINT: of those
-- -> example VARCHAR: the first of these records
select coalesce(signature(error_type, error_message), 'in batchItemFailures') as signature, count(*) as deliveries,
       count(distinct (partition_id, record_id)) as records, min_by(record_id, started_at) as example
from outcomes
where run_id = $run_id and invocation_id is not null and (error_type is not null or verdict = 'failed')
group by all
order by deliveries desc, signature
