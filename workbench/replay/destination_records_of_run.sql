-- One row per document that a run's on-failure destination would have got, in the order of the run.
-- $run_id: the run
-- -> run_id VARCHAR: the run
-- -> invocation_id VARCHAR: of the last attempt; null where there was none
-- -> destination_arn VARCHAR: queue, topic or bucket
-- -> condition VARCHAR: RetryAttemptsExhausted, RecordAgeExceeded
-- -> sent_at TIMESTAMP WITH TIME ZONE: virtual
-- -> object_key VARCHAR: of a bucket's object
-- -> document VARCHAR: JSON, as AWS would have sent it
select run_id, invocation_id, destination_arn, condition, sent_at, object_key, document
from destination_records
where run_id = $run_id
order by sent_at, document
