-- One row per record of a stream that has a key and an instant, in no order; a record captured twice counts once.
-- $source_arn: the stream
-- $since: earliest source_at; null for no bound
-- $until: latest source_at; null for no bound
-- -> key_index BIGINT: place of its partition key among all of the stream's, in the order of the hash keys
-- -> arrived_us BIGINT: its arrival, microseconds since 1970
-- -> bytes BIGINT: what counts against the shard's limit: data and key
with put as (
  select any_value(ordering_key) as key, any_value(source_at) as source_at, any_value(body_bytes) as body_bytes
  from records
  where source_arn = $source_arn and ordering_key is not null and source_at is not null
    and ($since is null or source_at >= $since) and ($until is null or source_at <= $until)
  group by record_id
), keys as (
  select key, row_number() over (order by md5(key)) - 1 as key_index, octet_length(encode(key)) as key_bytes
  from (select distinct key from put)
)
select key_index, epoch_us(source_at) as arrived_us, body_bytes + key_bytes as bytes
from put join keys using (key)
