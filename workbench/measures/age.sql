-- One row per source, function and stretch of time: how old records were when a handler got them and when it was done, and why.
-- $source_arn: only this source; null for all
-- $since: earliest begin of a first attempt; null for no bound
-- $until: latest begin of a first attempt; null for no bound
-- $bucket_s: length of a stretch, seconds
-- $idle_ms: an instance that was ready so long before START was initialised ahead, ms
-- -> source_arn VARCHAR: the source
-- -> log_group VARCHAR: ARN of the function's log group
-- -> bucket_at TIMESTAMP WITH TIME ZONE: when the stretch begins, a multiple of its length since 1970; by the first attempt's begin
-- -> records BIGINT: whose first attempt began in it
-- -> received_p50_ms DOUBLE: age when the first attempt began: iterator age as received
-- -> received_p99_ms DOUBLE: the same
-- -> oldest_received_ms DOUBLE: age of the oldest: how far behind the backlog was
-- -> finished_p50_ms DOUBLE: age when the last attempt ended: iterator age as finished
-- -> finished_p99_ms DOUBLE: the same
-- -> parted BIGINT: records whose wait can be told apart; the means below are theirs, and add up to their mean age as finished
-- -> lane_ms DOUBLE: behind an earlier batch of its shard, or message of its group
-- -> window_ms DOUBLE: for the batch to fill or its window to pass, at most
-- -> poll_ms DOUBLE: for a poller, backlog and a delay of the queue included
-- -> init_ms DOUBLE: for an instance to be initialised
-- -> handler_ms DOUBLE: in the first attempt
-- -> retry_ms DOUBLE: from the end of the first attempt to the end of the last
-- Only joins that an id proves count. A lane needs ParallelizationFactor 1 for a shard, a window its length: where the trace has
-- no mapping that says so, or an earlier batch of the lane was not seen, a record is in no part.
with attempts as materialized (
  select source_arn, record_id, log_group, request_id, handling.attempt, handling.started_at,
         greatest(coalesce(handling.started_at + to_microseconds((duration_ms * 1_000)::bigint), ended_at, handling.started_at),
                  handling.started_at) as until_at
  from handlings as handling
  where certainty = 1 and handling.started_at is not null and ($source_arn is null or source_arn = $source_arn)
), arrived as (
  select source_arn, record_id, min(service) as service, min(source_at) as arrived_at,
         min(case when service in ('aws:kinesis', 'aws:dynamodb') then partition_id when order_scope = 'key' then ordering_key end) as lane
  from records
  where (source_arn, record_id) in (select (source_arn, record_id) from attempts)
  group by source_arn, record_id having arrived_at is not null
), mapped as (
  select source_arn, log_group, max(window_s) as window_s, max(batch_size) as batch_size,
         max(coalesce(parallelization_factor, 1)) as lanes
  from (from event_source_mappings qualify row_number() over (partition by mapping_id order by observed_at desc, document) = 1)
  group by source_arn, log_group having count(*) = 1
), given as materialized (
  select attempts.*, service, arrived_at, lane, count(*) over batch as batch_records, max(arrived_at) over batch as filled_at
  from attempts join arrived using (source_arn, record_id)
  window batch as (partition by source_arn, log_group, request_id, attempt)
), lanes as (
  select source_arn, log_group, lane, request_id, attempt,
         max(max(until_at)) over (partition by source_arn, log_group, lane order by min(started_at), request_id, attempt
                                  rows between unbounded preceding and 1 preceding) as free_at
  from given where lane is not null group by source_arn, log_group, lane, request_id, attempt
), whole as (
  select *, max(until_at) over (partition by source_arn, log_group, record_id) as finished_at
  from given
  qualify row_number() over (partition by source_arn, log_group, record_id order by started_at, request_id, attempt) = 1
), waited as (
  select whole.source_arn, log_group, whole.started_at, greatest(date_diff('microsecond', arrived_at, whole.started_at), 0) as wait_us,
         case when lane is null then 0
              when service in ('aws:kinesis', 'aws:dynamodb') and lanes is distinct from 1 then null
              when free_at is not null then least(greatest(date_diff('microsecond', arrived_at, free_at), 0), wait_us) end as lane_us,
         least(case when coalesce(idle_ms, 0) <= $idle_ms then coalesce((init_ms * 1_000)::bigint, 0) else 0 end,
               wait_us - lane_us) as init_us,
         case when window_s = 0 then 0
              when batch_records >= batch_size then greatest(date_diff('microsecond', greatest(arrived_at, free_at), filled_at), 0)
              else window_s * 1_000_000 end as window_at_most_us,
         case when lane_us is not null and window_at_most_us is not null then least(window_at_most_us, wait_us - lane_us - init_us) end
           as window_us,
         date_diff('microsecond', whole.started_at, until_at) as handler_us, date_diff('microsecond', until_at, finished_at) as retry_us
  from whole left join mapped using (source_arn, log_group) left join lanes using (source_arn, log_group, lane, request_id, attempt)
    left join initialisations as initialised
      on initialised.source_arn = log_group and initialised.request_id = whole.request_id and initialised.attempt = whole.attempt
)
select source_arn, log_group, time_bucket(to_seconds($bucket_s), started_at, timestamptz '1970-01-01 00:00Z') as bucket_at,
       count(*) as records, quantile_cont(wait_us / 1_000, 0.5) as received_p50_ms, quantile_cont(wait_us / 1_000, 0.99) as received_p99_ms,
       max(wait_us) / 1_000 as oldest_received_ms, quantile_cont((wait_us + handler_us + retry_us) / 1_000, 0.5) as finished_p50_ms,
       quantile_cont((wait_us + handler_us + retry_us) / 1_000, 0.99) as finished_p99_ms, count(window_us) as parted,
       sum(lane_us) filter (window_us is not null) / parted / 1_000 as lane_ms, sum(window_us) / parted / 1_000 as window_ms,
       sum(wait_us - lane_us - init_us - window_us) / parted / 1_000 as poll_ms,
       sum(init_us) filter (window_us is not null) / parted / 1_000 as init_ms,
       sum(handler_us) filter (window_us is not null) / parted / 1_000 as handler_ms,
       sum(retry_us) filter (window_us is not null) / parted / 1_000 as retry_ms
from waited
where ($since is null or started_at >= $since) and ($until is null or started_at <= $until)
group by source_arn, log_group, bucket_at
order by source_arn, log_group, bucket_at
