-- One row per border record of a child shard that was handled before its parent was finished, and per START line that tells of it.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $aws_clock_error_ms: how far apart the clocks of two hosts of AWS may be, ms
-- -> source_arn VARCHAR: the stream
-- -> key VARCHAR: the child shard
-- -> delivery_id BIGINT: first delivery of the record, or of the line
-- -> source_at TIMESTAMP WITH TIME ZONE: the record's instant, or the line's
-- -> position BIGINT: 1 the record of the parent that was handled last, 2 the child's that was handled first; 3 and 4 their lines
-- -> log_group VARCHAR: ARN of the log group that tells it
-- -> partition_id VARCHAR: shard of the record
-- -> sequence_number VARCHAR: the record's place in it
-- -> handled_at TIMESTAMP WITH TIME ZONE: START of the first invocation that was given it
-- -> request_id VARCHAR: that invocation
-- -> parent VARCHAR: the parent, or a shard from which that came
-- -> ahead_ms DOUBLE: how long the child was handled before the parent's last record
-- -> child_records BIGINT: records of the child that were handled before the parent's last
-- -> parent_records BIGINT: records of the parent that were handled after the child's first
-- -> is_read_throughout BOOLEAN: the log was read from the parent's record's arrival on
-- A record counts from its first handling: a retry, or a consumer that was set back, does not make a shard unfinished again.
with recursive parent_of as (
  select distinct source_arn, partition_id, unnest(parents) as ancestor from shards
  where $source_arn is null or source_arn = $source_arn
), ancestry as (
  from parent_of
  union
  select younger.source_arn, younger.partition_id, older.ancestor
  from ancestry as younger join parent_of as older on older.source_arn = younger.source_arn and older.partition_id = younger.ancestor
), first_handled as (
  select source_arn, partition_id, record_id, log_group, min(started_at) as handled_at,
         arg_min({'request_id': request_id, 'line_id': first_line_id}, (started_at, request_id)) as invocation
  from handlings semi join parent_of using (source_arn)
  where certainty = 1 and started_at is not null
  group by all
), handled as (
  select source_arn, partition_id, log_group, handled_at, min(source_at) as arrived_at,
         {'handled_at': handled_at, 'delivery_id': min(delivery_id), 'source_at': arrived_at, 'partition_id': partition_id,
          'sequence_number': min(sequence_number), 'invocation': invocation} as this
  from records join first_handled using (source_arn, partition_id, record_id)
  where service in ('aws:kinesis', 'aws:dynamodb') and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
  group by source_arn, partition_id, record_id, log_group, handled_at, invocation
), known as (
  from handled
  where not exists (
    from coverage as hole where hole.state = 'hole' and hole.source_arn = handled.log_group
      and hole.from_at <= handled.handled_at and hole.to_at >= coalesce(handled.arrived_at, handled.handled_at))
), children as (
  select source_arn, partition_id, log_group, min(handled_at) as began_at,
         arg_min(this, (handled_at, this.sequence_number, this.delivery_id)) as first_record
  from handled semi join ancestry using (source_arn, partition_id) group by all
), parents as (
  select source_arn, partition_id, log_group, max(handled_at) as finished_at,
         arg_max(this, (handled_at, this.sequence_number, this.delivery_id)) as last_record
  from known group by all
), overtaken as (
  select children.source_arn, children.partition_id as key, children.log_group, parents.partition_id as parent, began_at, finished_at,
         first_record, last_record
  from children join ancestry using (source_arn, partition_id)
    join parents on parents.source_arn = children.source_arn and parents.partition_id = ancestor and parents.log_group = children.log_group
  where epoch_us(finished_at) - epoch_us(began_at) > 1000 * $aws_clock_error_ms
  qualify row_number() over (partition by children.source_arn, key, children.log_group order by finished_at desc, parent) = 1
), counted as (
  select overtaken.*, count(*) filter (handled.partition_id = key and handled_at < finished_at) as child_records,
         count(*) filter (handled.partition_id = parent and handled_at > began_at) as parent_records
  from overtaken join handled using (source_arn, log_group) group by all
), read_from as (
  select source_arn as log_group, min(from_at) as from_at from coverage where state <> 'hole' group by all
), rows as (
  select *, unnest([1, 2, 3, 4]) as position, case when position % 2 = 1 then last_record else first_record end as row
  from counted left join read_from using (log_group)
)
select source_arn, key, case when position > 2 then row.invocation.line_id else row.delivery_id end as delivery_id,
       case when position > 2 then row.handled_at else row.source_at end as source_at, position::bigint as position, log_group,
       row.partition_id, row.sequence_number, row.handled_at, row.invocation.request_id, parent,
       (epoch_us(finished_at) - epoch_us(began_at)) / 1000 as ahead_ms, child_records, parent_records,
       coalesce(from_at <= last_record.source_at, false) as is_read_throughout
from rows where position <= 2 or row.invocation.line_id is not null
order by source_arn, key, log_group, position, delivery_id
