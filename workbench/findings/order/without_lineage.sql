-- One row per stream with records in several shards whose shards nobody described, where a log is there to tell of handlings.
-- $source_arn: only this source; null for all
-- -> source_arn VARCHAR: the stream
select source_arn from coverage
where regexp_matches(source_arn, '^arn:[^:]*:(kinesis|dynamodb):') and ($source_arn is null or source_arn = $source_arn)
  and exists (from coverage where contains(source_arn, ':logs:'))
  and source_arn not in (select source_arn from shards)
group by source_arn having count(distinct partition_id) > 1
order by source_arn
