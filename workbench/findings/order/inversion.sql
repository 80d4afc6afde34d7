-- One row per record of a neighbouring pair of one key in the wrong order, and per START line that tells of it.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- $key: JSONPath of the business key; null for the service's own ordering key
-- $sequence: JSONPath of the business sequence, a whole number; null for none
-- $event_time: JSONPath of the instant at which the event happened; null for none
-- $producer: JSONPath of whose clock told the event time; empty for one clock
-- $clock_error_ms: how far apart the clocks of two producers may be, ms
-- $aws_clock_error_ms: how far apart the clocks of two hosts of AWS may be, ms
-- -> source_arn VARCHAR: the source
-- -> key VARCHAR: business key, or ordering key
-- -> delivery_id BIGINT: first delivery of the record, or of the line
-- -> source_at TIMESTAMP WITH TIME ZONE: the record's instant, or the line's
-- -> pair BIGINT: the same for all rows of a pair
-- -> position BIGINT: 1 comes first by the order that rules, 2 follows it; 3 and 4 are the lines of 1 and 2
-- -> by VARCHAR[]: the order that rules, and the one that runs against it
-- -> sequence BIGINT: business number
-- -> sequence_number VARCHAR: place in the service's order; null where the service has none
-- -> partition_id VARCHAR: shard of the record
-- -> event_at TIMESTAMP WITH TIME ZONE: when the event happened, by its producer's clock, corrected
-- -> handled_at TIMESTAMP WITH TIME ZONE: when it was first handled
-- -> request_id VARCHAR: by which invocation
-- -> displacement BIGINT: how many records of the key, before the later one, belong behind it
-- -> behind_ms DOUBLE: how far time steps back between the two; null for business numbers
-- -> kendall_distance BIGINT: pairs of the key, not only of neighbours, in the wrong order
-- -> in_order_share DOUBLE: part of the key's records that could have stayed where they are
-- -> is_promised BOOLEAN: the service promises order here
-- -> is_read_throughout BOOLEAN: the log was read from the records' arrival on; null where no log tells it
-- A disorder is told beside its cause: what the producer sent in the wrong order, by its numbers (by event time where a record has
-- none), against the service's order; what the consumer took in the wrong order, by the service's order, against first handlings.
-- Where the service keeps no order a handling runs against the business number, unless the producer had sent it so.
-- Lines of records are looked through once for those with any step back, and only these are judged. They are sorted by one number,
-- which is quick: by arrival, for equal arrivals by delivery, else by the business number; a line where the service's numbers disagree with that is judged too, and
-- two lines of one hash in one: that can add some, never hide one.
with recursive parent_of as (
  select distinct source_arn, partition_id, unnest(parents) as ancestor from shards
), ancestry as (
  from parent_of
  union
  select younger.source_arn, younger.partition_id, older.ancestor
  from ancestry as younger join parent_of as older on older.source_arn = younger.source_arn and older.partition_id = younger.ancestor
), spread as (
  select distinct source_arn from resources
  where kind = 'describe-stream-summary' and json_valid(document)
    and document::json->>'$.StreamDescriptionSummary.RecordDistributionStrategy' = 'AUTO'
), carried as not materialized (
  select *, case when service = 'aws:s3' then rpad(upper(sequence_number), 64, '0') when order_scope <> 'none' then sequence_number end as number
  from business($key, $sequence, $event_time)
  where service <> 'aws:logs' and ($source_arn is null or source_arn = $source_arn)
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
), said as not materialized (
  select source_arn, delivery_id, sub_sequence, coalesce(key, '') as producer, epoch_us(source_at) - epoch_us(event_at) as delay_us
  from business(nullif($producer, ''), null, $event_time) where $producer <> '' and $event_time is not null
), delays as (
  select said.delivery_id, said.sub_sequence, least_us
  from said join (select source_arn, producer, min(delay_us) as least_us from said group by all) using (source_arn, producer)
), produced as not materialized (
  select case when sequence is null then 'event_time' else 'sequence' end as told_by, source_arn, partition_id,
         case when order_scope = 'key' then ordering_key end as within, case when $key is null then ordering_key else key end as key,
         null::varchar as log_group, number, null::bigint as rank, coalesce(carried.sub_sequence, -1) as sub_sequence, source_at,
         coalesce(sequence, epoch_us(event_at) + coalesce(least_us, 0)) as told, order_scope, null as record_id, carried.delivery_id,
         sequence_number, sequence, null as invocation
  from carried left join delays
    on delays.delivery_id = carried.delivery_id and delays.sub_sequence is not distinct from carried.sub_sequence
  where ($sequence is not null or $event_time is not null) and (sequence is not null or event_at is not null)
), first_handled as (
  select source_arn, partition_id, record_id, log_group, epoch_us(min(started_at)) as told,
         arg_min({'request_id': request_id, 'line_id': first_line_id, 'log_stream': log_stream}, (started_at, request_id)) as invocation
  from handlings
  where certainty = 1 and started_at is not null and ($source_arn is null or source_arn = $source_arn)
  group by all
), of_handled as (
  select service, source_arn, partition_id, record_id, min(delivery_id) as delivery_id, min(order_scope) as order_scope,
         min(ordering_key) as ordering_key, min(sequence_number) as sequence_number, min(source_at) as source_at
  from records semi join first_handled using (source_arn, partition_id, record_id)
  where service <> 'aws:logs' and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
  group by all
), handled as not materialized (
  select case when of_handled.order_scope = 'none' and unordered.sequence is not null then 'handling_of_sequence' else 'handling' end as told_by,
         source_arn, partition_id, case when of_handled.order_scope = 'key' then ordering_key end as within,
         case when of_handled.order_scope = 'none' then unordered.key else ordering_key end as key, log_group,
         case when service = 'aws:s3' then rpad(upper(sequence_number), 64, '0')
              when of_handled.order_scope <> 'none' then sequence_number end as number,
         unordered.sequence as rank, -1 as sub_sequence, source_at, told, of_handled.order_scope, record_id, delivery_id,
         sequence_number, unordered.sequence, invocation
  from of_handled join first_handled using (source_arn, partition_id, record_id)
    left join (select delivery_id, key, sequence from carried where order_scope = 'none') as unordered using (delivery_id)
), told as not materialized (
  select *, hash(told_by, source_arn, case when source_arn not in (select source_arn from ancestry) then partition_id end, within, key,
                 log_group, number is null) as line_hash
  from (from produced union all from handled) where key is not null and (number is not null or source_at is not null)
), candidates as (
  select distinct line_hash from (
    select line_hash, told, lag(told) over of_line as before_told, number, lag(number) over of_line as before_number
    from told window of_line as (partition by line_hash order by
      coalesce(rank, epoch_us(source_at) + case when number is null then 0 else delivery_id % 1000 end)))
  where before_told > told or before_number > number or strlen(before_number) <> strlen(number)
), judged as (
  select *, ltrim(number, '0') as place, case when told_by = 'handling' or rank is not null then record_id else told::varchar end as identity,
         {'told_by': told_by, 'source_arn': source_arn, 'partition_id': partition_id, 'within': within, 'key': key, 'log_group': log_group,
          'is_timed': number is null} as line,
         order_scope <> 'none' and source_arn not in (select source_arn from spread) as is_promised,
         1000 * case told_by when 'sequence' then 0 when 'event_time' then $clock_error_ms else $aws_clock_error_ms end as error_us
  from told semi join candidates using (line_hash)
), first_told as (
  select * from judged
  qualify row_number() over (partition by line, coalesce(rank::varchar, identity)
    order by case when rank is not null then told end, strlen(place), place, sub_sequence, source_at, told, delivery_id) = 1
), seen as (
  from first_told anti join (
    select younger.line, younger.identity
    from first_told as younger join ancestry on ancestry.source_arn = younger.source_arn and ancestry.partition_id = younger.partition_id
      join first_told as older on older.partition_id = ancestor and older.identity = younger.identity and older.told_by = younger.told_by
        and older.source_arn = younger.source_arn and older.key = younger.key and older.within is not distinct from younger.within
  ) using (line, identity)
), placed as (
  select *, row_number() over in_order as at_place,
         {'delivery_id': delivery_id, 'source_at': source_at, 'sequence': sequence, 'sequence_number': sequence_number, 'place': place,
          'partition_id': partition_id, 'sub_sequence': sub_sequence, 'rank': rank, 'told': told, 'invocation': invocation} as this,
         lag(this) over in_order as previous
  from seen window in_order as (partition by line order by rank, strlen(place), place, sub_sequence, source_at, told, delivery_id)
), within_line as (
  select line, at_place, is_promised, error_us, previous, this from placed
  where case when told_by in ('sequence', 'event_time') or previous.invocation.log_stream is distinct from invocation.log_stream
             then previous.told > told and (error_us = 0 or previous.told::double - told::double > error_us) else previous.told > told end
    and case when rank is not null then previous.rank < rank and epoch_us(previous.source_at) - epoch_us(source_at) <= error_us
             when place is not null then previous.place <> place or previous.sub_sequence < sub_sequence
             else epoch_us(source_at) - epoch_us(previous.source_at) > 1000 * $aws_clock_error_ms end
), after_parents as (
  select younger.line, 0 as at_place, younger.is_promised, younger.error_us,
         arg_max(older.this, {'digits': strlen(older.place), 'place': older.place, 'sub_sequence': older.sub_sequence}) as previous, younger.this,
         count(*) filter (older.told > younger.told and (older.error_us = 0 or older.told::double - younger.told::double > older.error_us)) as displacement
  from placed as younger join ancestry on ancestry.source_arn = younger.source_arn and ancestry.partition_id = younger.partition_id
    join placed as older on older.source_arn = younger.source_arn and older.partition_id = ancestor and older.told_by = younger.told_by
      and older.key = younger.key and older.within is not distinct from younger.within
  where younger.at_place = 1 and younger.told_by in ('sequence', 'event_time') and younger.place is not null and older.place is not null
  group by all
), across_shards as (
  from after_parents where previous.told > this.told and (error_us = 0 or previous.told::double - this.told::double > error_us)
), figures as (
  select line, disorder(list(told order by at_place), max(error_us)) as disorder, count(*) as records
  from placed semi join (select line from within_line union all select line from across_shards) using (line) group by line
), measured as (
  select pairs.* exclude (displacement), records, disorder.in_order,
         coalesce(displacement, greatest(1, disorder.displacements[at_place])) as displacement,
         list_sum(disorder.displacements)::bigint + coalesce(displacement, 0) as kendall_distance
  from (from within_line union all by name from across_shards) as pairs join figures using (line)
), numbered as (
  select *, line.told_by like 'handling%' as is_handling,
         row_number() over (order by line.source_arn, line.key, this.source_at, line.told_by, line.log_group, line.partition_id, this.place,
                                     this.sub_sequence, this.rank, this.delivery_id) as pair
  from measured
  where line.log_group is null or not exists (
    from coverage as hole where hole.state = 'hole' and hole.source_arn = line.log_group
      and epoch_us(hole.from_at) <= previous.told and epoch_us(hole.to_at) >= coalesce(epoch_us(previous.source_at), previous.told))
), rows as (
  select *, unnest(case when is_handling then [1, 2, 3, 4] else [1, 2] end) as position, case when position % 2 = 1 then previous else this end as row
  from numbered
), read_from as (
  select source_arn as log_group, min(from_at) as from_at from coverage where state <> 'hole' group by all
)
select line.source_arn as source_arn, line.key as key, case when position > 2 then row.invocation.line_id else row.delivery_id end as delivery_id,
       case when position > 2 then make_timestamptz(row.told) else row.source_at end as source_at, pair, position::bigint as position,
       case line.told_by when 'handling' then [case when line.is_timed then 'source_at' else 'sequence_number' end, 'handling']
         when 'handling_of_sequence' then ['sequence', 'handling']
         else [line.told_by, case when line.is_timed then 'source_at' else 'sequence_number' end] end as "by",
       row.sequence, row.sequence_number, row.partition_id, case when line.told_by = 'event_time' then make_timestamptz(row.told) end as event_at,
       case when is_handling then make_timestamptz(row.told) end as handled_at, row.invocation.request_id, displacement,
       case when line.told_by <> 'sequence' then (previous.told::double - this.told::double) / 1000 end as behind_ms, kendall_distance,
       in_order / records as in_order_share, is_promised,
       case when is_handling then coalesce(read_from.from_at <= previous.source_at, false) end as is_read_throughout
from rows left join read_from on read_from.log_group = line.log_group
where position <= 2 or row.invocation.line_id is not null
order by source_arn, key, pair, position, delivery_id
