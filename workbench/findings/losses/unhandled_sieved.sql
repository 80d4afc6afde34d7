-- One row: what filters dropped of the records that no log tells of, and how many streams are mapped and told of.
-- $source_arn: only this stream; null for all
-- -> filtered BIGINT: records that no filter of the mapping lets through
-- -> untold BIGINT: records of which that cannot be told
-- -> mapped BIGINT: captured streams with a mapping to a function whose log was captured
-- -> told BIGINT: those of them of whose records a log tells
with mapped as (
  select distinct mapping.source_arn, log_group
  from event_source_mappings as mapping
  where regexp_matches(mapping.source_arn, '^arn:[^:]*:(kinesis|dynamodb):') and ($source_arn is null or mapping.source_arn = $source_arn)
    and mapping.source_arn in (select source_arn from records where service in ('aws:kinesis', 'aws:dynamodb'))
    and log_group in (select source_arn from records where service = 'aws:logs')
)
select (select count(*) from unreached where passes = false and ($source_arn is null or source_arn = $source_arn)) as filtered,
       (select count(*) from unreached where passes is null and ($source_arn is null or source_arn = $source_arn)) as untold,
       (select count(distinct source_arn) from mapped) as mapped,
       (select count(distinct source_arn) from mapped semi join handlings using (source_arn, log_group)) as told
