-- From format 2 to 3: compacted segments, which stay for a while after something took their place.

alter table segments add column removed_at text;
alter table segments add column facts text;
