-- One row per source whose numbers repeat or go back: what is seen on the way and is no gap.
-- $source_arn: only this source; null for all
-- $key: JSONPath of the business key
-- $sequence: JSONPath of the business sequence, a whole number
-- -> source_arn VARCHAR: the source
-- -> repeats BIGINT: records whose key and number had come before under another id
-- -> regressions BIGINT: records with a smaller number than the one before, in the order they were stored
with numbered as (
  select source_arn, record_id, min(delivery_id) as delivery_id, any_value(key) as key, any_value(sequence) as sequence
  from business($key, $sequence, null) where $source_arn is null or source_arn = $source_arn
  group by source_arn, record_id, sub_sequence
), compared as (
  select source_arn, row_number() over (partition by source_arn, key, sequence order by delivery_id) > 1 as repeated,
         sequence < lag(sequence) over (partition by source_arn, key order by delivery_id) as goes_back
  from numbered where key is not null and sequence is not null
)
select source_arn, count(*) filter (where repeated) as repeats, count(*) filter (where goes_back) as regressions
from compared group by source_arn having repeats > 0 or regressions > 0 order by source_arn
