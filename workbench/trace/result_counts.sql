-- One row: how much the trace holds besides facts.
-- -> runs BIGINT: replays
-- -> invocations BIGINT: invocations of replayed handlers
-- -> outcomes BIGINT: what became of each delivery in a replay
-- -> effects BIGINT: AWS calls that replayed handlers made
select (from runs select count(*)) as runs, (from invocations select count(*)) as invocations,
       (from outcomes select count(*)) as outcomes, (from effects select count(*)) as effects
