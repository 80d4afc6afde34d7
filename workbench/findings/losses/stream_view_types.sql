-- One row per table stream: what its records show of an item.
-- $source_arn: only this source; null for all
-- -> source_arn VARCHAR: the table stream
-- -> view_type VARCHAR: StreamViewType, which a stream keeps for life; null: its records do not tell
select source_arn, try(envelope->>'$.dynamodb.StreamViewType') as view_type
from (select min(delivery_id) as delivery_id from records
      where service = 'aws:dynamodb' and ($source_arn is null or source_arn = $source_arn) group by source_arn)
  join records using (delivery_id)
order by source_arn
