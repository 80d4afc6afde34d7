-- One row per function version and stretch of time: how many invocations waited for an initialisation, and how long.
-- $source_arn: only this log group; null for all
-- $since: earliest START; null for no bound
-- $until: latest START; null for no bound
-- $bucket_s: length of a stretch, seconds
-- $idle_ms: an instance that was ready so long before START was initialised ahead, ms
-- -> source_arn VARCHAR: log group
-- -> version VARCHAR: of the function
-- -> bucket_at TIMESTAMP WITH TIME ZONE: when the stretch begins, a multiple of its length since 1970; null: no instant logged
-- -> invocations BIGINT: begun in it
-- -> cold BIGINT: of those, on an instance that was initialised for them
-- -> restored BIGINT: of those, on an instance restored from a snapshot
-- -> ahead BIGINT: of those, on an instance initialised ahead, which nobody waited for
-- -> cold_share DOUBLE: cold of all
-- -> init_p50_ms DOUBLE: initialisation of the cold ones
-- -> init_max_ms DOUBLE: the longest
-- -> p99_ms DOUBLE: initialisation and handler
-- -> p99_without_init_ms DOUBLE: handler alone
with run as (
  select source_arn, invocation.version, coalesce(invocation.started_at, ended_at) as began_at, duration_ms,
         invocation.restore_ms is not null as is_restored, coalesce(idle_ms > $idle_ms, false) as is_ahead,
         coalesce(cold, false) and not is_ahead as is_cold, case when is_cold then invocation.init_ms end as init_ms
  from invocations_observed as invocation left join initialisations using (source_arn, request_id, attempt)
  where ($source_arn is null or source_arn = $source_arn)
    and ($since is null or began_at >= $since) and ($until is null or began_at <= $until)
)
select source_arn, version, time_bucket(to_seconds($bucket_s), began_at, timestamptz '1970-01-01 00:00Z') as bucket_at,
       count(*) as invocations, count(*) filter (is_cold) as cold, count(*) filter (is_restored) as restored,
       count(*) filter (is_ahead) as ahead, cold / invocations as cold_share, quantile_cont(init_ms, 0.5) as init_p50_ms,
       max(init_ms) as init_max_ms, quantile_cont(duration_ms + coalesce(init_ms, 0), 0.99) as p99_ms,
       quantile_cont(duration_ms, 0.99) as p99_without_init_ms
from run group by source_arn, version, bucket_at
order by source_arn, bucket_at, version
