-- One row: how many delivery ids stand more than once (none, unless segments were copied in by hand).
-- -> repeated BIGINT: rows beyond the first of each delivery id
select count(*) - count(distinct delivery_id) as repeated from records
