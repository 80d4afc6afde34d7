-- One row per record of the source that a log ties to requests: how many of them ended well.
-- $source_arn: the source
-- -> key VARCHAR: the record's id
-- -> completions BIGINT: requests that had it and ended with status success
select record_id as key, count(distinct request_id) filter (status = 'success') as completions
from handlings where source_arn = $source_arn and certainty = 1 group by record_id
