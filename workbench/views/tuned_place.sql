-- One row: what the commands that change a source's settings have to name.
-- $source_arn: queue or stream
-- $log_group: of the function that has its records
-- -> mapping_id VARCHAR: UUID of the event source mapping; null where none was captured
-- -> dead_letter_arn VARCHAR: where the queue puts what it gives up; null where that is not known
select (select mapping_id from event_source_mappings
        where source_arn = $source_arn and log_group = $log_group order by observed_at desc limit 1) as mapping_id,
       (select dead_letter_arn from queues
        where source_arn = $source_arn and dead_letter_arn is not null order by observed_at desc limit 1) as dead_letter_arn
