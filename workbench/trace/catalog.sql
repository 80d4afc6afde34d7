-- The catalog of a trace: what is live, how far each source was read, what was seen on the way.
-- Instants are ISO 8601 text with Z and microseconds, so that text order is time order.

create table trace (
  only            integer primary key check (only = 1),
  format_version  integer not null,
  trace_id        text    not null,
  created_at      text    not null,
  generation      integer not null default 0,   -- raised by every commit that changes what is live
  next_delivery_id integer not null default 1
);

create table captures (
  capture_id text primary key,
  kind       text not null,                     -- capture, import, replay
  sources    text not null,                     -- JSON list of what was asked for
  started_at text not null,
  ended_at   text,
  state      text not null,                     -- running, done, stopped, interrupted, failed
  redaction  text                               -- JSON: profile and fingerprint of its rules; null: stored as received
);

create table segments (
  segment_id  integer primary key,
  relation    text    not null,
  path        text    not null unique,          -- relative to the trace's folder
  rows        integer not null,
  bytes       integer not null,
  sha256      text    not null,
  capture_id  text    not null references captures,
  added_in    integer not null,                 -- generation
  removed_in  integer,                          -- generation; null while live
  removed_at  text,                             -- the instant of that; its file stays for a while
  facts       text                              -- JSON: what is known of a compacted segment; null: as captured
);
create index segments_live on segments (relation) where removed_in is null;

create table leases (
  source_arn text primary key,
  capture_id text    not null,
  epoch      integer not null                   -- raised when a capture takes the source over
);

create table checkpoints (
  source_arn   text not null,
  partition_id text not null,
  position     text not null,                   -- the connector's own; reading goes on after it
  finished     integer not null default 0,
  last_sequence_number text,                    -- of the last record stored, for verification
  capture_id   text not null,
  moved_at     text not null,
  primary key (source_arn, partition_id)
);

create table coverage (
  source_arn   text not null,
  partition_id text not null,
  from_at      text not null,
  to_at        text not null,
  state        text not null check (state in ('read', 'sealed', 'hole', 'assumed')),
  cause        text,
  capture_id   text not null
);
create index coverage_of on coverage (source_arn, partition_id, capture_id);

create table resources (
  source_arn  text not null,
  kind        text not null,
  observed_at text not null,
  document    text not null,
  capture_id  text not null
);

create table settings (
  name  text primary key,                       -- key, sequence: the trace's business fields
  value text not null
);

create table peek_effects (
  source_arn      text not null,
  record_id       text not null,
  received_at     text not null,
  receive_count   integer,
  receives_left   integer,                      -- until the dead-letter queue; null: never
  hidden_until_at text not null,
  given_back_at   text,                         -- null: it comes back by itself
  capture_id      text not null,
  primary key (source_arn, record_id, received_at)
);

create table audit (
  entry_id integer primary key,
  done_at  text not null,
  action   text not null,                       -- purge, retention
  detail   text not null                        -- JSON: what was asked for and how much it took; no payload
);
