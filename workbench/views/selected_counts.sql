-- One row per source: how many of its deliveries are selected.
-- -> source_arn VARCHAR: the source
-- -> selected BIGINT: deliveries for which all conditions hold
-- -> deliveries BIGINT: all of them
select source_arn, coalesce(held.selected, 0) as selected, deliveries
from (select source_arn, count(*) as deliveries from records group by source_arn)
left join (select source_arn, count(*) as selected from selected group by source_arn) as held using (source_arn)
order by source_arn
