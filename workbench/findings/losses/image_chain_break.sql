-- One row per neighbour of a break: an item's change before it, and the change whose OldImage is not what that one left.
-- $source_arn: only this source; null for all
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- -> source_arn VARCHAR: table stream whose records carry both images
-- -> key VARCHAR: the item's key
-- -> delivery_id BIGINT: first delivery of the change
-- -> source_at TIMESTAMP WITH TIME ZONE: the change's instant, whole seconds
-- -> partition_id VARCHAR: the shard it was read from
-- -> sequence_number VARCHAR: its place in the stream
-- -> event_name VARCHAR: INSERT, MODIFY or REMOVE, by the images it has
-- -> image VARCHAR: of the change before the break its NewImage, of the one behind it its OldImage; null: the item was not there
-- -> break_id BIGINT: the same for both neighbours of a break
-- -> is_read BOOLEAN: false where what lies between was imported, and counts as complete by assumption
-- -> verdict VARCHAR: reordered where all of the item's changes that were read make one unbroken chain in another order, else lost
-- Images are first compared as text, all of them; items with any difference (or a place of more than 38 digits) are looked at
-- again, by their canonical images and every digit of their places.
-- Lost is claimed only where one span that was read reaches from one neighbour to the other and no hole lies between.
with viewed as (
  select source_arn
  from (select source_arn, arg_min(envelope, delivery_id) as envelope from records where service = 'aws:dynamodb' group by source_arn)
  where try(envelope->>'$.dynamodb.StreamViewType') = 'NEW_AND_OLD_IMAGES'
), told as (
  select hash(source_arn, ordering_key) as item, try_cast(sequence_number as hugeint) as place,
         try(json_extract(payload(body), ['$.OldImage', '$.NewImage'])) as images, hash(images[1]) as old, hash(images[2]) as new
  from records
  where service = 'aws:dynamodb' and source_arn in (from viewed) and ($source_arn is null or source_arn = $source_arn)
    and ordering_key is not null and sequence_number is not null
), followed as (
  select item, place, old, lag(place) over in_order as place_before, lag(new) over in_order as new_before
  from (select item, place, old, new from told) window in_order as (partition by item order by place)
), suspect as (
  select distinct item from followed where place <> place_before and old <> new_before or place is null
), looked_at as (
  select source_arn, ordering_key as key, ltrim(sequence_number, '0') as place, arg_min(partition_id, delivery_id) as partition_id,
         min(delivery_id) as delivery_id, arg_min(source_at, delivery_id) as source_at,
         arg_min(sequence_number, delivery_id) as sequence_number,
         arg_min(try(json_extract_string(payload(body), ['$.OldImage', '$.NewImage', '$.Keys'])), delivery_id) as images
  from records
  where service = 'aws:dynamodb' and source_arn in (from viewed) and hash(source_arn, ordering_key) in (from suspect)
    and ordering_key is not null and sequence_number is not null
  group by source_arn, ordering_key, place
), change as (
  select * exclude (images), images[3] is not null as is_readable, images[1] as old, images[2] as new,
         row_number() over in_order > 1 as has_forerunner, lag(images[2]) over in_order as new_before,
         lag(images[3] is not null) over in_order as was_readable, lag(delivery_id) over in_order as delivery_before,
         lag(source_at) over in_order as at_before, lag(partition_id) over in_order as partition_before
  from looked_at
  window in_order as (partition by source_arn, key order by strlen(place), place)
), judged as (
  select *, case when not has_forerunner or not is_readable or not was_readable or old is not distinct from new_before then false
                 when old is null or new_before is null then true
                 else canonical_image(old) <> canonical_image(new_before)
                   and canonical_image(old) <> '' and canonical_image(new_before) <> '' end as is_broken
  from change
), broken as (
  select * from judged where is_broken
), between_them as (
  select source_arn, key, place, bool_or(reaches) as is_covered, coalesce(bool_or(reaches and is_read), false) as is_read
  from (
    select broken.source_arn, key, place, before.state <> 'assumed' and behind.state <> 'assumed' as is_read,
           case when broken.partition_id = partition_before then before.from_at = behind.from_at and before.state = behind.state
                else before.to_at + interval 1 second >= behind.from_at or finished = 1 end as reaches
    from broken
      join settled_coverage as before on before.source_arn = broken.source_arn and before.partition_id = partition_before
        and before.state <> 'hole' and at_before + interval 1 second > before.from_at and at_before <= before.to_at
      join settled_coverage as behind on behind.source_arn = broken.source_arn and behind.partition_id = broken.partition_id
        and behind.state <> 'hole' and source_at + interval 1 second > behind.from_at and source_at <= behind.to_at
      left join checkpoints on checkpoints.source_arn = broken.source_arn and checkpoints.partition_id = partition_before
  )
  group by source_arn, key, place
), holed as (
  select distinct broken.source_arn, key, place
  from broken join settled_coverage as hole on hole.source_arn = broken.source_arn and hole.state = 'hole'
    and (broken.partition_id <> partition_before or hole.partition_id in ('', broken.partition_id))
    and hole.from_at < greatest(source_at, at_before) + interval 1 second and hole.to_at >= least(source_at, at_before)
), masked as (
  select broken.source_arn, key, place,
         holed.source_arn is not null or not coalesce(is_covered, false) as may_be_unread, coalesce(between_them.is_read, false) as is_read
  from broken left join between_them using (source_arn, key, place) left join holed using (source_arn, key, place)
), stretch as (
  select judged.*, coalesce(may_be_unread, false) as may_be_unread, coalesce(masked.is_read, false) as is_read,
         count(*) filter (may_be_unread) over (partition by source_arn, key order by strlen(place), place) as stretch
  from judged left join masked using (source_arn, key, place)
  where (source_arn, key) in (select (source_arn, key) from broken)
), verdicts as (
  select source_arn, key, stretch,
         makes_one_chain(list(case when old is not null then canonical_image(old) end),
                         list(case when new is not null then canonical_image(new) end)) as is_whole
  from stretch group by source_arn, key, stretch
), found as (
  select stretch.*, case when is_whole then 'reordered' else 'lost' end as verdict
  from stretch join verdicts using (source_arn, key, stretch)
  where is_broken and not may_be_unread and ($since is null or at_before >= $since) and ($until is null or source_at <= $until)
), pairs as (
  select source_arn, key, unnest([delivery_before, found.delivery_id]) as delivery_id, unnest([new_before, old]) as image,
         found.delivery_id as break_id, is_read, verdict
  from found
)
select pairs.source_arn, pairs.key, pairs.delivery_id, source_at, partition_id, sequence_number,
       case when images[1] is null then 'INSERT' when images[2] is null then 'REMOVE' else 'MODIFY' end as event_name, image,
       break_id, is_read, verdict
from pairs join looked_at using (delivery_id)
order by source_arn, key, break_id, delivery_id
