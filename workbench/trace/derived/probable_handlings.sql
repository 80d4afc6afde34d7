-- One row per record that no log line names and request that probably was given it first: the join of both by time alone.
-- -> source_arn VARCHAR: source of the record
-- -> partition_id VARCHAR: its shard
-- -> record_id VARCHAR: the record
-- -> log_group VARCHAR: ARN of the log group of the source's consumer
-- -> request_id VARCHAR: the invocation
-- -> attempt BIGINT: of the invocation
-- -> log_stream VARCHAR: the instance that ran it
-- -> version VARCHAR: of the function
-- -> started_at TIMESTAMP WITH TIME ZONE: START
-- -> ended_at TIMESTAMP WITH TIME ZONE: END; null where it was not logged
-- -> duration_ms DOUBLE: of the handler
-- -> status VARCHAR: success, error, timeout, failure or unknown, of the whole invocation
-- -> error_type VARCHAR: why it failed
-- -> error_message VARCHAR: its first line
-- -> told_by VARCHAR: time
-- -> certainty DOUBLE: probability that it was this request, above 0.5 and at most 0.99
-- -> line_id BIGINT: delivery of START, which tells no id
-- -> first_line_id BIGINT: delivery of the invocation's first log event
-- -> last_line_id BIGINT: delivery of its last
-- Asked for by name alone: `handlings` never holds these rows, and no detector asks for them.
-- Model: a record is given to one START after its arrival, with a delay of density f, or to none that was logged; other STARTs
-- come at the rate r of the log group. A START at delay d has the odds f(d) / r against all others of the record and against none.
-- f is learned for each log group from at most 2000 to 4000 of its records: STARTs at each delay after an arrival, less what the rate
-- explains (a cross-correlogram), then five rounds of expectation and maximisation; with the delays of records that `handlings` is
-- sure of, and a prior worth two records that is flat in the logarithm. The share of records without a START is what f leaves of 1.
-- The 24 bins of f end at (2 ** (bin / 2) - 1) * 16 ms, the last at 65.52 s: a record that waits longer has no row.
-- Eight STARTs are looked at; for those behind them stands the share of f that is left.
-- A request takes at most BatchSize records: where more expect it, each has its share of the room.
-- A request has records of one shard: where those of two expect it, none has a row.
-- In a shard with one lane batches keep the order: records whose likeliest requests cross have no row.
-- Assumed: at least one record of 20 has no START in its log (lost, not captured); no instant alone makes surer than 0.99.
-- It tells nothing where a function has several sources, a queue several functions or a mapping a filter, of requests that printed
-- their events, of records that `handlings` tells of at all, of retries, and where no request is likelier than all else together.
-- What it cannot know: how long pollers wait where traffic is steady or a batching window evens it out, for then no delay stands
-- out (few rows, too unsure ones); bursts that are taken one by one (their rows below 0.7 are right less often than they say).
with recursive told_mapping as materialized (
  select * from event_source_mappings
), mapping as materialized (
  select source_arn, any_value(log_group) as log_group, max(batch_size) as batch_size,
         max(coalesce(parallelization_factor, 1)) = 1 and split_part(source_arn, ':', 3) in ('kinesis', 'dynamodb') as is_ordered,
         max(filter_criteria) is not null as is_filtered, split_part(source_arn, ':', 3) = 'sqs' as is_queue
  from told_mapping where split_part(source_arn, ':', 3) in ('sqs', 'kinesis', 'dynamodb')
  group by source_arn, log_group
), consumer as materialized (
  select * from mapping
  where not is_filtered and batch_size > 0
    and log_group in (select log_group from told_mapping group by log_group having count(distinct source_arn) = 1)
    and (not is_queue or source_arn in (select source_arn from mapping group by source_arn having count(*) = 1))
), exact as materialized (
  select source_arn, partition_id, record_id, log_group, request_id, attempt, told_by, certainty, started_at
  from handlings where log_group in (select log_group from consumer)
), observed as materialized (
  select *, source_arn as log_group from invocations_observed
  where started_at is not null and source_arn in (select log_group from consumer)
), used as (
  select log_group, request_id, attempt, count(*) as records, bool_or(told_by = 'event') as is_whole
  from exact where certainty = 1 group by log_group, request_id, attempt
), start as materialized (
  select log_group, request_id, attempt, epoch_ms(invocation.started_at) as start_ms, coalesce(records, 0) as records,
         row_number() over in_time as place, list(epoch_ms(invocation.started_at)) over (in_time rows between current row and 8 following) as starts_ms
  from observed as invocation left join used using (log_group, request_id, attempt)
  where not coalesce(is_whole, false)
  window in_time as (partition by log_group order by started_at, request_id, attempt)
), rate as materialized (
  select log_group, min(start_ms) as from_ms, max(start_ms) as to_ms, count(*) / greatest(max(start_ms) - min(start_ms), 65520)::double as per_ms
  from start group by log_group
), span as (
  select source_arn, make_timestamp(1000 * (min(from_ms) - 65520))::timestamptz as from_at, make_timestamp(1000 * max(to_ms))::timestamptz as to_at
  from consumer join rate using (log_group) group by source_arn
), arrived as (
  select source_arn, hash(partition_id, record_id) as id_hash, min(delivery_id) as delivery_id, epoch_ms(min(source_at)) as at_ms
  from records join span using (source_arn)
  where service <> 'aws:logs' and source_at between from_at and to_at
  group by source_arn, id_hash
), arrival as (
  select log_group, source_arn, delivery_id, at_ms, id_hash
  from arrived join consumer using (source_arn)
  where (source_arn, id_hash, log_group) not in (select (source_arn, hash(partition_id, record_id), log_group) from exact)
), before as (
  select *, count(case when id_hash is null then 1 end) over (
      partition by log_group order by at_ms, id_hash is null rows between unbounded preceding and current row) as starts
  from (from arrival union all by name select log_group, start_ms as at_ms from start)
), placed as materialized (
  select log_group, source_arn, delivery_id, id_hash, at_ms, starts + 1 as place from before where id_hash is not null
), weighed as (
  select log_group, placed.source_arn, delivery_id, id_hash, at_ms, place as first_place,
         list_transform(starts_ms, lambda start_ms: greatest(1, ceil(2 * log2(1 + (0.5 + start_ms - at_ms) / 16)))::int) as bins
  from placed join start using (log_group, place)
), sample as materialized (
  select log_group, at_ms, bins from weighed
    join (select log_group, 1 + count(*) // 2000 as every from placed group by log_group) using (log_group)
  where id_hash % every = 0
), edge as (
  select b::int as bin, ((2 ** (b / 2.0) - 1) * 16)::double as until_ms, ((2 ** (b / 2.0) - 2 ** ((b - 1) / 2.0)) * 16)::double as wide_ms
  from range(0, 25) as bins(b)
), counted as (
  select log_group, bin, count(*) as records, sum(starts) as places
  from (select log_group, bin, count(case when bin is null then 1 end) over (
            partition by log_group order by edge_ms, bin is null rows between unbounded preceding and current row) as starts
        from (select log_group, bin, at_ms + until_ms as edge_ms from sample cross join edge
              union all by name
              select log_group, start_ms::double as edge_ms from start))
  where bin is not null
  group by log_group, bin
), sure as (
  select log_group, bin, count(*)::double as records
  from (select log_group, greatest(1, ceil(2 * log2(1 + (0.5 + epoch_ms(exact.started_at) - epoch_ms(source_at)) / 16)))::int as bin
        from (select source_arn, partition_id, record_id, log_group, min(started_at) as started_at from exact where certainty = 1 group by all) as exact
          join (select source_arn, partition_id, record_id, min(source_at) as source_at from records
                where service <> 'aws:logs' and source_arn in (select source_arn from consumer)
                  and (source_arn, record_id) in (select (source_arn, record_id) from exact where certainty = 1)
                group by source_arn, partition_id, record_id) using (source_arn, partition_id, record_id)
        where exact.started_at >= source_at)
  group by log_group, bin
), excess as (
  select log_group, bin, wide_ms, per_ms, counted.records, coalesce(sure.records, 0) as sure_records,
         greatest(0, places - lag(places) over (partition by log_group order by bin) - counted.records * per_ms * wide_ms) / counted.records as share
  from counted join edge using (bin) join rate using (log_group) left join sure using (log_group, bin)
), prior as materialized (
  select log_group, bin, wide_ms * per_ms as by_chance, records + sum(sure_records) over whole + 2 as records,
         sure_records + 2 / 24.0 as known, share / greatest(1, sum(share) over whole) * records as likely
  from excess where bin > 0
  window whole as (partition by log_group)
), chance as materialized (
  select log_group, list(by_chance order by bin) as by_chance from prior group by log_group
), learning as (
  select 0 as step, log_group, list((likely + known) / records order by bin) as masses from prior group by log_group
  union all
  select step + 1, log_group, list((shared.likely + known) / records order by bin)
  from (select step, log_group, case when k > 8 then k - 8 else bins[k] end as bin, coalesce(sum(candidates[k] / together), 0) as likely
        from (select *, unnest(range(1, 33)) as k
              from (select step, log_group, bins, list_transform(bins[:8], lambda bin: coalesce(masses[bin] / by_chance[bin], 0)) as candidates,
                           list_sum(candidates) + greatest(0.05, 1 - list_sum(masses)) + coalesce(list_sum(masses[bins[9]:]), 0) as together
                    from learning join chance using (log_group) join sample using (log_group) where step < 5))
        group by all) as shared join prior using (log_group, bin)
  group by step, log_group
), density as materialized (
  select log_group, masses, by_chance from learning join chance using (log_group) where step = 5
), likely as (
  select weighed.log_group, source_arn, delivery_id, first_place,
         list_transform(bins[:8], lambda bin: coalesce(masses[bin] / by_chance[bin], 0)) as candidates,
         greatest(0.05, 1 - list_sum(masses)) + coalesce(list_sum(masses[bins[9]:]), 0) as others
  from weighed join density using (log_group)
), best as materialized (
  select log_group, source_arn, delivery_id, list_max(candidates) as most, first_place + list_position(candidates, most) - 1 as place,
         most / (list_sum(candidates) + others) as share
  from likely
), expected as (
  select log_group, place, sum(share) as records from best group by log_group, place
), told as (
  select best.log_group, best.source_arn, best.delivery_id, request_id, attempt, best.place, is_ordered,
         least(0.99, share * least(1, greatest(0, batch_size - start.records) / expected.records)) as certainty
  from best join expected using (log_group, place) join start using (log_group, place) join consumer using (log_group, source_arn)
  where share > 0.5
), named as (
  select told.*, partition_id, record_id, sequence_number from told join records using (delivery_id) where certainty > 0.5
), of_one_shard as (
  select * from named qualify min(partition_id) over (partition by log_group, place) = max(partition_id) over (partition by log_group, place)
), aligned as (
  select * from of_one_shard
  window in_order as (partition by log_group, source_arn, partition_id, not is_ordered order by length(sequence_number), sequence_number, record_id)
  qualify not is_ordered or place >= coalesce(max(place) over (in_order rows between unbounded preceding and 1 preceding), place)
    and place <= coalesce(min(place) over (in_order rows between 1 following and unbounded following), place)
)
select aligned.source_arn, partition_id, record_id, log_group, request_id, attempt, log_stream, version, started_at, ended_at,
       duration_ms, status, error_type, error_message, 'time' as told_by, certainty, first_delivery_id as line_id,
       first_delivery_id as first_line_id, last_delivery_id as last_line_id
from aligned join observed using (log_group, request_id, attempt)
