-- One row: between which instants a source has deliveries in the trace; nulls where it has none.
-- $source_arn: the source
-- -> first_at TIMESTAMP WITH TIME ZONE: earliest source_at
-- -> last_at TIMESTAMP WITH TIME ZONE: latest source_at
select min(source_at) as first_at, max(source_at) as last_at from records where source_arn = $source_arn
