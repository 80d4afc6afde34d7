-- From format 1 to 2: spans that are sealed, what a peek did, what a purge took, how a capture redacted.

alter table captures add column redaction text;

alter table coverage rename to coverage_1;
drop index coverage_of;
create table coverage (
  source_arn   text not null,
  partition_id text not null,
  from_at      text not null,
  to_at        text not null,
  state        text not null check (state in ('read', 'sealed', 'hole', 'assumed')),
  cause        text,
  capture_id   text not null
);
insert into coverage select * from coverage_1;
drop table coverage_1;
create index coverage_of on coverage (source_arn, partition_id, capture_id);

create table peek_effects (
  source_arn      text not null,
  record_id       text not null,
  received_at     text not null,
  receive_count   integer,
  receives_left   integer,
  hidden_until_at text not null,
  given_back_at   text,
  capture_id      text not null,
  primary key (source_arn, record_id, received_at)
);

create table audit (
  entry_id integer primary key,
  done_at  text not null,
  action   text not null,
  detail   text not null
);
