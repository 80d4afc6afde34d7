-- One row per source: how many records it got a second, on the mean between its first and its last.
-- $source_arn: the source
-- -> per_second DOUBLE: null where fewer than two instants are known
select (count(distinct record_id) - 1) / nullif(epoch(max(source_at)) - epoch(min(source_at)), 0) as per_second
from records
where source_arn = $source_arn
