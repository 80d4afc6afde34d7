"""A child shard handled before its parent was finished, told by first handlings and the streams' lineage."""

import json
from collections.abc import Iterable
from pathlib import Path

from connectors.record import Record, Resource, Span
from tests.factories import (
    LOG_GROUP,
    STREAM,
    TABLE_STREAM,
    dynamodb_change,
    instant,
    kinesis_record,
    write_trace,
)
from tests.workbench.findings.order.invocations import invocation
from tests.workbench.findings.traces import trace_of
from workbench.findings import Finding, Findings, find

PARENT, CHILD, GRANDCHILD, OTHER = (f"shardId-00000000000{n}" for n in range(4))


def described(stream: str = STREAM) -> Resource:
    shards = [
        {"ShardId": PARENT},
        {"ShardId": OTHER},
        {"ShardId": CHILD, "ParentShardId": PARENT},
        {"ShardId": GRANDCHILD, "ParentShardId": CHILD, "AdjacentParentShardId": OTHER},
    ]
    document = {"Shards": shards} if stream == STREAM else {"StreamDescription": {"Shards": shards}}
    kind = "list-shards" if stream == STREAM else "describe-stream"
    return Resource(stream, kind, instant(0), json.dumps(document))


def look(
    records: Iterable[Record], tmp_path: Path, resources: Iterable[Resource] | None = None
) -> Findings:
    told = [described()] if resources is None else resources
    with write_trace(tmp_path / "t.trace", records, told) as trace:
        return find(trace, only=["child_before_parent", "inversion"])


def overtakings(
    records: Iterable[Record], tmp_path: Path, resources: Iterable[Resource] | None = None
) -> list[Finding]:
    return [f for f in look(records, tmp_path, resources) if f.kind == "child_before_parent"]


def shard(name: str, *numbers: int) -> list[Record]:
    return [kinesis_record(n, key=f"k{n}", seconds=n, shard=name) for n in numbers]


def test_a_child_handled_before_its_parent_s_last_record_is_told_with_the_border_records(
    tmp_path: Path,
) -> None:
    parent, child = shard(PARENT, 1, 2, 3), shard(CHILD, 4, 5)
    lines = [
        *invocation(1, 10, parent[0]),
        *invocation(2, 20, child[0], stream="b"),
        *invocation(3, 30, parent[1], parent[2]),
        *invocation(4, 40, child[1], stream="b"),
    ]
    (finding,) = overtakings([*parent, *child, *lines], tmp_path)

    (instance,) = finding.instances
    assert (instance["key"], instance["parent"], finding.source_arn) == (CHILD, PARENT, STREAM)
    assert (instance["ahead_ms"], instance["child_records"], instance["parent_records"]) == (
        10_000,
        1,
        2,
    )
    assert len(instance["delivery_ids"]) == 4, "two records and their START lines"
    assert finding.notes, "the log begins after the records"


def test_a_child_after_its_parent_and_retries_of_the_parent_are_as_they_should_be(
    tmp_path: Path,
) -> None:
    parent, child = shard(PARENT, 1, 2), shard(CHILD, 3)
    lines = [
        *invocation(1, 10, *parent),
        *invocation(2, 20, *child),
        *invocation(3, 30, *parent),
    ]

    assert overtakings([*parent, *child, *lines], tmp_path) == []


def test_shards_that_are_not_parent_and_child_have_no_order(tmp_path: Path) -> None:
    one, other = shard(PARENT, 1, 2), shard(OTHER, 3)
    lines = [*invocation(1, 10, *other), *invocation(2, 20, *one)]

    assert overtakings([*one, *other, *lines], tmp_path) == []


def test_a_merged_shard_waits_for_both_parents_and_those_before_them(tmp_path: Path) -> None:
    parent, other, last = shard(PARENT, 1), shard(OTHER, 2), shard(GRANDCHILD, 3)
    lines = [
        *invocation(1, 10, *last),
        *invocation(2, 20, *other, stream="b"),
        *invocation(3, 30, *parent, stream="c"),
    ]
    (finding,) = overtakings([*parent, *other, *last, *lines], tmp_path)

    assert [(each["key"], each["parent"]) for each in finding.instances] == [(GRANDCHILD, PARENT)]


def test_two_functions_read_a_stream_each_at_its_own_pace(tmp_path: Path) -> None:
    parent, child = shard(PARENT, 1), shard(CHILD, 2)
    lines = [*invocation(1, 30, *parent), *invocation(2, 10, *child, group=f"{LOG_GROUP}-other")]

    assert overtakings([*parent, *child, *lines], tmp_path) == []


def test_starts_within_clock_error_are_equal(tmp_path: Path) -> None:
    parent, child = shard(PARENT, 1), shard(CHILD, 2)
    lines = [*invocation(1, 10.009, *parent), *invocation(2, 10, *child, stream="b")]

    assert overtakings([*parent, *child, *lines], tmp_path) == []


def test_a_table_s_stream_has_parents_too(tmp_path: Path) -> None:
    parent = dynamodb_change(1, {"v": {"N": "1"}}, shard=PARENT, stream=TABLE_STREAM)
    child = dynamodb_change(2, {"v": {"N": "2"}}, shard=CHILD, stream=TABLE_STREAM)
    lines = [*invocation(1, 30, parent), *invocation(2, 10, child)]
    found = look([parent, child, *lines], tmp_path, [described(TABLE_STREAM)])

    kinds = [finding.kind for finding in found]
    assert kinds.count("child_before_parent") == 1
    assert "inversion" not in kinds, "one disorder is told once"


def test_without_lineage_it_says_that_it_cannot_tell(tmp_path: Path) -> None:
    parent, child = shard(PARENT, 1), shard(CHILD, 2)
    lines = [*invocation(1, 30, *parent), *invocation(2, 10, *child)]
    found = look([*parent, *child, *lines], tmp_path, [])

    assert f"child_before_parent not looked for: the shards of {STREAM} were not described" in (
        found.remarks
    )


def test_a_stream_without_lineage_hides_no_other(tmp_path: Path) -> None:
    parent, child = shard(PARENT, 1), shard(CHILD, 2)
    lines = [*invocation(1, 30, *parent), *invocation(2, 10, *child)]
    unknown = [
        dynamodb_change(n, {"v": {"N": "1"}}, shard=name) for n, name in ((5, PARENT), (6, CHILD))
    ]
    found = look([*parent, *child, *unknown, *lines], tmp_path)

    assert "child_before_parent" in {finding.kind for finding in found}
    assert f"child_before_parent: the shards of {TABLE_STREAM} were not described" in found.remarks


def test_across_a_hole_of_the_log_nothing_is_claimed(tmp_path: Path) -> None:
    parent, child = shard(PARENT, 1), shard(CHILD, 2)
    rows = [*parent, *child, *invocation(1, 30, *parent), *invocation(2, 10, *child)]

    def told(name: str, *holes: Span) -> list[str]:
        trace_of(tmp_path / name, rows, holes=holes).close()
        with write_trace(tmp_path / name, [], [described()]) as trace:
            return [f.kind for f in find(trace, only=["child_before_parent"])]

    assert told("whole") == ["child_before_parent"]
    assert told("holed", Span(instant(15), instant(20), "throttled_skip")) == []


def test_a_circle_in_the_lineage_ends(tmp_path: Path) -> None:
    shards = [
        {"ShardId": PARENT, "ParentShardId": CHILD},
        {"ShardId": CHILD, "ParentShardId": PARENT},
    ]
    circle = Resource(STREAM, "list-shards", instant(0), json.dumps({"Shards": shards}))
    parent = shard(PARENT, 1)

    assert overtakings([*parent, *invocation(1, 10, *parent)], tmp_path, [circle]) == []
