-- One row per configuration answer about a source, the newest of a kind first; functions of all sources, because an import files them under their own ARN.
-- $source_arn: the source
-- -> kind VARCHAR: the operation as the CLI spells it
-- -> document VARCHAR: the answer as JSON
select kind, document
from resources
where source_arn = $source_arn or kind = 'get-function-configuration'
order by observed_at desc
