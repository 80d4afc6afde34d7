-- One row per stream with records in several shards, where a log is there to tell of handlings.
-- $source_arn: only this source; null for all
-- -> source_arn VARCHAR: the stream
-- -> is_described BOOLEAN: its shards were
select source_arn, source_arn in (select source_arn from shards) as is_described from coverage
where regexp_matches(source_arn, '^arn:[^:]*:(kinesis|dynamodb):') and ($source_arn is null or source_arn = $source_arn)
  and exists (from coverage where contains(source_arn, ':logs:'))
group by source_arn having count(distinct partition_id) > 1
order by source_arn
