-- One row per source: how complete its records are known to be.
-- -> source_arn VARCHAR: the source
-- -> coverage VARCHAR: read, assumed or hole; the weakest that applies
select source_arn, case when bool_or(state = 'hole') then 'hole' when bool_or(state = 'assumed') then 'assumed' else 'read' end as coverage
from coverage group by source_arn order by source_arn
