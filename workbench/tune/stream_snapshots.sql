-- One row per snapshot of a stream's configuration, the newest first.
-- $source_arn: the stream
-- -> document VARCHAR: AWS's answer, JSON
select document from resources
where source_arn = $source_arn and kind in ('list-shards', 'describe-stream', 'describe-stream-summary')
order by observed_at desc
