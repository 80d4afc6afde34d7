-- One row per change of configuration, code or shards, by time.
-- $source_arn: only what was captured with this source; null for all
-- $since: earliest change; null for no bound
-- $until: latest change; null for no bound
-- -> changed_at TIMESTAMP WITH TIME ZONE: when, as AWS says; where it does not, when it was first seen changed
-- -> seen_before_at TIMESTAMP WITH TIME ZONE: last look at it as it was: it changed after this; null where AWS says the instant
-- -> source_arn VARCHAR: what it was captured with
-- -> kind VARCHAR: the operation that tells it; `logs` where another version ran, `reshard` for a shard
-- -> subject VARCHAR: what changed
-- -> path VARCHAR: JSONPath of the member; null for a whole that came or went
-- -> before VARCHAR: its value; null where there was none, or nothing is known
-- -> after VARCHAR: its value; null where there is none any more
select changed_at, seen_before_at, source_arn, kind, subject, path, before, after
from changes
where ($source_arn is null or source_arn = $source_arn)
  and ($since is null or changed_at >= $since) and ($until is null or coalesce(seen_before_at, changed_at) <= $until)
order by changed_at, source_arn, kind, subject, path, before, after
