-- One row: from the first delivery to the last, and how many there are.
-- -> first_ms BIGINT: of the first, since 1970; null without any
-- -> last_ms BIGINT: of the last
-- -> deliveries BIGINT: all of them
select min(epoch_ms(coalesce(source_at, received_at))) as first_ms, max(epoch_ms(coalesce(source_at, received_at))) as last_ms,
       count(*) as deliveries
from records
