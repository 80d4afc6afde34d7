-- One row per function that an event source mapping of the source calls, as far as the trace has configuration.
-- $source_arn: the source
-- -> function_arn VARCHAR: as the mapping names it, maybe with a version or an alias
select distinct function_arn from event_source_mappings where source_arn = $source_arn order by function_arn
