-- One row per source, state and cause of what one capture has noted of completeness.
-- $capture_id: the capture
-- -> source_arn VARCHAR: the source
-- -> state VARCHAR: read, sealed, assumed or hole
-- -> cause VARCHAR: why a hole is one; null otherwise
-- -> spans BIGINT: how many spans
-- -> to_at TIMESTAMP WITH TIME ZONE: the latest end
select source_arn, state, cause, count(*) as spans, max(to_at) as to_at
from coverage
where capture_id = $capture_id
group by source_arn, state, cause
order by source_arn, state, cause
