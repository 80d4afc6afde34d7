"""What changed, when, from what to what: told by looks at configuration, by Lambda itself, by lines and by shards."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Record, Resource
from tests.factories import LOG_GROUP, QUEUE, STREAM, instant, kinesis_record, write_trace
from tests.workbench.logged import invocation
from workbench.measures import measure

FUNCTION = "arn:aws:lambda:us-east-1:111111111111:function:charge"


def look(kind: str, document: Any, seconds: float = 0, source: str = QUEUE) -> Resource:
    return Resource(source, kind, instant(seconds), json.dumps(document))


def queue(seconds: float, **attributes: str) -> Resource:
    return look("get-queue-attributes", {"Attributes": attributes}, seconds)


def mappings(seconds: float, *listed: dict[str, Any]) -> Resource:
    return look("list-event-source-mappings", {"EventSourceMappings": listed}, seconds)


def changes(
    folder: Path, resources: Iterable[Resource] = (), records: Iterable[Record] = ()
) -> list[dict[str, Any]]:
    return measure(write_trace(folder / "t", records, resources), "changes").to_dicts()


def steps(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row["subject"], row["path"], row["before"], row["after"]) for row in rows]


def test_two_looks_are_compared_member_by_member(tmp_path: Path) -> None:
    rows = changes(
        tmp_path,
        [
            queue(0, VisibilityTimeout="30", DelaySeconds="0"),
            queue(60, VisibilityTimeout="300", DelaySeconds="0"),
        ],
    )

    [row] = rows
    assert steps(rows) == [(QUEUE, "$.Attributes.VisibilityTimeout", "30", "300")]
    assert (row["seen_before_at"], row["changed_at"]) == (instant(0), instant(60))
    assert (row["source_arn"], row["kind"]) == (QUEUE, "get-queue-attributes")


def test_what_moves_by_itself_is_no_change(tmp_path: Path) -> None:
    looks = [
        queue(n, ApproximateNumberOfMessages=str(n), ApproximateNumberOfMessagesDelayed=str(n))
        for n in range(3)
    ]
    looks += [mappings(n, {"UUID": "m", "LastProcessingResult": str(n)}) for n in range(3)]

    assert changes(tmp_path, looks) == []


def test_where_aws_says_the_instant_it_is_told(tmp_path: Path) -> None:
    changed = instant(40).isoformat()
    before = {
        "UUID": "m",
        "BatchSize": 10,
        "LastModified": instant(-100).isoformat(),
        "State": "Enabled",
    }
    after = before | {"BatchSize": 100, "LastModified": changed, "State": "Disabled"}

    rows = changes(tmp_path, [mappings(0, before), mappings(60, after)])

    assert steps(rows) == [
        ("m", "$.LastModified", None, instant(-100).isoformat()),
        ("m", "$.BatchSize", "10", "100"),
        ("m", "$.State", "Enabled", "Disabled"),
    ]
    assert [(row["changed_at"], row["seen_before_at"]) for row in rows] == [
        (instant(-100), None),
        (instant(40), None),
        (instant(40), None),
    ]


def test_a_mapping_that_came_or_went_is_one_change(tmp_path: Path) -> None:
    old, new = {"UUID": "old", "BatchSize": 10}, {"UUID": "new", "BatchSize": 1}

    rows = changes(tmp_path, [mappings(0, old), mappings(60, new)])

    assert sorted(
        (row["subject"], row["path"], row["before"] is None, row["after"] is None) for row in rows
    ) == [
        ("new", None, True, False),
        ("old", None, False, True),
    ]


def test_the_place_in_a_listing_is_no_change(tmp_path: Path) -> None:
    one, two = {"UUID": "1", "BatchSize": 10}, {"UUID": "2", "BatchSize": 1}

    assert changes(tmp_path, [mappings(0, one, two), mappings(60, two, one)]) == []


def test_versions_tell_deploys_of_the_past(tmp_path: Path) -> None:
    versions = [
        {
            "FunctionArn": f"{FUNCTION}:{name}",
            "Version": name,
            "CodeSha256": f"sha-{name}",
            "LastModified": f"2026-11-1{n}T10:00:00.000+0000",
        }
        for n, name in enumerate(["$LATEST", "1", "2", "10"])
    ]

    rows = changes(
        tmp_path, [look("list-versions-by-function", {"Versions": versions}, source=LOG_GROUP)]
    )

    assert steps(rows) == [
        (f"{FUNCTION}:1", "$.CodeSha256", None, "sha-1"),
        (f"{FUNCTION}:2", "$.CodeSha256", "sha-1", "sha-2"),
        (f"{FUNCTION}:10", "$.CodeSha256", "sha-2", "sha-10"),
    ]
    assert str(rows[0]["changed_at"]) == "2026-11-11 10:00:00+00:00"


def test_an_alias_that_moves_is_a_change(tmp_path: Path) -> None:
    aliases = [
        look(
            "list-aliases",
            {
                "Aliases": [
                    {
                        "AliasArn": f"{FUNCTION}:live",
                        "FunctionVersion": version,
                        "RevisionId": version,
                    }
                ]
            },
            n,
            LOG_GROUP,
        )
        for n, version in enumerate("78")
    ]

    assert steps(changes(tmp_path, aliases)) == [
        (f"{FUNCTION}:live", "$.FunctionVersion", "7", "8")
    ]


def test_a_version_that_begins_to_run_is_a_change(tmp_path: Path) -> None:
    lines = [
        *invocation(1, 10, version="7"),
        *invocation(2, 20, version="8", instance="b"),
        *invocation(3, 30, version="7"),
    ]

    [row] = changes(tmp_path, records=lines)

    assert (row["changed_at"], row["kind"], row["before"], row["after"]) == (
        instant(20),
        "logs",
        "7",
        "8",
    )


def test_a_reshard_is_dated_by_the_first_record_of_the_child(tmp_path: Path) -> None:
    shards = [
        {"ShardId": "a"},
        {"ShardId": "b"},
        {"ShardId": "c", "ParentShardId": "a", "AdjacentParentShardId": "b"},
    ]
    records = [kinesis_record(1, shard="a"), kinesis_record(2, shard="c", seconds=30)]

    rows = changes(tmp_path, [look("list-shards", {"Shards": shards}, 90, STREAM)], records)

    assert steps(rows) == [("c", None, "a, b", "c")]
    assert rows[0]["changed_at"] == instant(30)


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "[1]",
        "7",
        '{"Attributes": 5}',
        '{"EventSourceMappings": [1, null, {"UUID": null}]}',
        '{"a": ' + "[" * 2_000 + "]" * 2_000 + "}",
    ],
)
def test_odd_answers_are_no_changes_and_no_errors(tmp_path: Path, document: str) -> None:
    odd = [
        Resource(QUEUE, kind, instant(n), document)
        for kind in ("get-queue-attributes", "list-event-source-mappings")
        for n in (0, 9)
    ]

    assert changes(tmp_path, odd) == []


@settings(max_examples=15, deadline=None)
@given(
    values=st.lists(
        st.dictionaries(st.sampled_from("abc"), st.sampled_from(["1", "2"])), max_size=5
    ),
    turn=st.randoms(use_true_random=False),
)
def test_applied_in_order_the_changes_lead_from_the_first_look_to_the_last(
    tmp_path_factory: pytest.TempPathFactory, values: list[dict[str, str]], turn: Any
) -> None:
    looks = [queue(n * 60, **value) for n, value in enumerate(values)]
    turn.shuffle(looks)

    rows = changes(tmp_path_factory.mktemp("t"), looks * 2)

    state = dict(values[0]) if values else {}
    for row in rows:
        name = row["path"].removeprefix("$.Attributes.")
        assert state.get(name) == row["before"]
        state = {key: value for key, value in state.items() if key != name}
        if row["after"] is not None:
            state[name] = row["after"]
    assert state == (values[-1] if values else {})
