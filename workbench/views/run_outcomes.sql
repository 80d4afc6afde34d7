-- One row per ending of a replayed delivery: what it was, and what it failed with.
-- $run_id: the run
-- -> verdict VARCHAR: as of `outcomes`
-- -> error_type VARCHAR: what it failed with; null where it did not
-- -> deliveries BIGINT: how often it ended so
-- -> records BIGINT: of how many records
-- -> error_message VARCHAR: of one of them
select verdict, error_type, count(*) as deliveries, count(distinct (partition_id, record_id)) as records,
       min(error_message) as error_message
from outcomes where run_id = $run_id
group by verdict, error_type
order by deliveries desc, verdict, error_type
