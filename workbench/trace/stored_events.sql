-- One row a delivery of a source in a stretch of time.
-- $source_arn: the source
-- $since: start of the stretch, inclusive
-- $until: end of the stretch, exclusive
-- -> record_id VARCHAR: which record
-- -> source_at TIMESTAMP WITH TIME ZONE: its instant
select record_id, source_at from records
where source_arn = $source_arn and source_at >= $since and source_at < $until
