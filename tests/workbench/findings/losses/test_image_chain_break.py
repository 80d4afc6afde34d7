"""An item's change begins where the one before it ended, or something is missing or in the wrong place."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Checkpoint, Page, Record, Span
from tests.factories import TABLE_STREAM, dynamodb_change
from tests.workbench.findings.traces import T0, at, trace_of
from workbench.findings import Finding, find
from workbench.trace import Trace, TraceWriter, open_trace

Item = dict[str, Any]


def item(number: int | None) -> Item | None:
    """The item in its so-manieth state; None: it is not there."""
    return None if number is None else {"id": {"S": "order-1"}, "v": {"N": str(number)}}


def chain(*states: int | None, key: str = "order-1") -> list[Record]:
    """The changes that lead from state to state, a second apart."""
    return [
        dynamodb_change(place, item(new), item(old), key=key, seconds=place)
        for place, (old, new) in enumerate(itertools.pairwise(states))
    ]


def breaks(trace: Trace) -> list[Finding]:
    return list(find(trace, only=["image_chain_break"]))


def verdicts(folder: Path, records: Sequence[Record], **told: Any) -> list[str]:
    with trace_of(folder / "t.trace", records, **told) as trace:
        return [each["verdict"] for found in breaks(trace) for each in found.instances]


def test_a_change_that_begins_elsewhere_than_the_last_one_ended_tells_of_a_lost_one(
    tmp_path: Path,
) -> None:
    first, second, _lost, last = chain(None, 1, 2, 3, 4)
    trace = trace_of(tmp_path / "t.trace", [first, second, last])

    (finding,) = breaks(trace)

    assert (finding.source_arn, finding.count, finding.confidence) == (TABLE_STREAM, 1, 1.0)
    assert finding.instances[0]["key"] == '{"id":{"S":"order-1"}}'
    assert finding.instances[0]["verdict"] == "lost"
    shown = trace.sql(finding.sql)
    assert shown["delivery_id"].to_list() == finding.instances[0]["delivery_ids"]
    assert [json.loads(image)["v"]["N"] for image in shown["image"]] == ["2", "3"]
    assert shown["event_name"].to_list() == ["MODIFY", "MODIFY"]


def test_a_whole_chain_is_clean_with_inserts_removes_and_writes_that_change_nothing(
    tmp_path: Path,
) -> None:
    records = chain(None, 1, 2, None, 7, None, 7) + chain(3, 4, key="order-2")

    assert verdicts(tmp_path, records) == []


def test_a_remove_by_time_to_live_is_a_remove(tmp_path: Path) -> None:
    first, removed, again = chain(None, 1, None, 2)
    expiry = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    told = json.dumps(json.loads(removed.envelope) | {"userIdentity": expiry})

    assert verdicts(tmp_path, [first, replace(removed, envelope=told), again]) == []


def test_an_insert_of_an_item_that_was_there_tells_of_a_lost_remove(tmp_path: Path) -> None:
    first, _removed, again = chain(None, 1, None, 2)

    assert verdicts(tmp_path, [first, again]) == ["lost"]


def test_a_change_of_an_item_that_was_removed_tells_of_a_lost_insert(tmp_path: Path) -> None:
    first, removed, _again, changed = chain(None, 1, None, 2, 3)

    assert verdicts(tmp_path, [first, removed, changed]) == ["lost"]


def test_the_first_change_that_was_seen_of_an_item_proves_nothing(tmp_path: Path) -> None:
    assert verdicts(tmp_path, chain(5, 6, 7) + chain(9, None, key="order-2")) == []


def test_two_changes_that_stand_in_the_wrong_places_are_reordered_and_not_lost(
    tmp_path: Path,
) -> None:
    one, two, three, four = chain(None, 1, 2, 3, 4)
    numbers = {"sequence_number": three.sequence_number}, {"sequence_number": two.sequence_number}
    swapped = [one, replace(two, **numbers[0]), replace(three, **numbers[1]), four]

    assert verdicts(tmp_path, swapped) == ["reordered"] * 3


def test_a_state_that_comes_again_does_not_repair_a_loss(tmp_path: Path) -> None:
    """On, off, on, off: the link that is missing looks like one that follows, but all together make no chain."""
    on, _off, on_again, off_again, last = chain(0, 1, 0, 1, 0, 1)

    assert verdicts(tmp_path, [on, on_again, off_again, last]) == ["lost"]


@pytest.mark.parametrize(
    ("left", "found"),
    [
        ({"n": {"N": "1"}, "s": {"S": "x"}}, {"s": {"S": "x"}, "n": {"N": "1.0"}}),
        ({"n": {"NS": ["1", "2"]}}, {"n": {"NS": ["2E0", "1"]}}),
        ({"n": {"SS": ["a", "b"]}}, {"n": {"SS": ["b", "a"]}}),
        (
            {"m": {"M": {"a": {"L": [{"N": "10"}]}, "b": {"BOOL": True}}}},
            {"m": {"M": {"b": {"BOOL": True}, "a": {"L": [{"N": "1e1"}]}}}},
        ),
    ],
)
def test_another_spelling_of_an_item_is_no_break(tmp_path: Path, left: Item, found: Item) -> None:
    records = [dynamodb_change(1, left), dynamodb_change(2, {"n": {"N": "5"}}, found, seconds=1)]

    assert verdicts(tmp_path, records) == []


def test_what_may_lie_in_a_hole_is_not_lost(tmp_path: Path) -> None:
    first, second, _lost, last = chain(None, 1, 2, 3, 4)
    hole = Span(at(1.5), at(2.5), "trimmed")

    assert verdicts(tmp_path, [first, second, last], holes=[hole]) == []


def test_a_hole_within_the_second_of_a_neighbour_counts_as_between(tmp_path: Path) -> None:
    """A change is stamped with the whole second in which it happened."""
    first, second, _lost, last = chain(None, 1, 2, 3, 4)
    hole = Span(at(3.2), at(3.4), "trimmed")

    assert verdicts(tmp_path, [first, second, last], holes=[hole]) == []
    assert verdicts(
        tmp_path / "b", [first, second, last], holes=[Span(at(5), at(6), "trimmed")]
    ) == ["lost"]


def test_what_no_span_covers_is_not_lost(tmp_path: Path) -> None:
    """Two captures with a stretch between them that neither claims to have read."""
    first, second, _lost, last = chain(None, 1, 2, 3, 4)
    writer = TraceWriter(tmp_path / "t.trace", "capture", ["test"], lambda: T0)
    for records, span in (((first, second), Span(T0, at(1))), ((last,), Span(at(3), at(9)))):
        place = Checkpoint(first.partition_id, str(span))
        writer.append_pages([(TABLE_STREAM, Page(records, place, (span,)))])
    writer.close()

    assert breaks(open_trace(tmp_path / "t.trace")) == []


PARENT, CHILD = "shardId-00000001700000000000-aaaaaaaa", "shardId-00000001700000000001-bbbbbbbb"


def of_two_shards(folder: Path, *, finished: bool, hole: Span | None = None) -> Trace:
    """An item whose changes go on in a child shard, one of them lost."""
    first, second, _lost, last = chain(None, 1, 2, 3, 4)
    writer = TraceWriter(folder / "t.trace", "capture", ["test"], lambda: T0)
    parents = tuple(replace(each, partition_id=PARENT) for each in (first, second))
    writer.append_pages(
        [
            (TABLE_STREAM, Page(parents, Checkpoint(PARENT, "1", finished), (Span(T0, at(1)),))),
            (
                TABLE_STREAM,
                Page(
                    (replace(last, partition_id=CHILD),),
                    Checkpoint(CHILD, "1"),
                    (Span(at(3), at(9)), *((hole,) if hole else ())),
                ),
            ),
        ]
    )
    writer.close()
    return open_trace(folder / "t.trace")


def test_a_chain_goes_on_in_the_child_of_a_shard_that_was_read_to_its_end(tmp_path: Path) -> None:
    (finding,) = breaks(of_two_shards(tmp_path, finished=True))

    assert finding.instances[0]["verdict"] == "lost"


def test_what_may_stand_in_the_unread_rest_of_the_parent_is_not_lost(tmp_path: Path) -> None:
    assert breaks(of_two_shards(tmp_path, finished=False)) == []


def test_a_hole_in_any_shard_between_two_shards_counts(tmp_path: Path) -> None:
    hole = Span(at(2), at(2.5), "trimmed")

    assert breaks(of_two_shards(tmp_path, finished=True, hole=hole)) == []


def viewed(record: Record, view_type: str | None) -> Record:
    envelope = json.loads(record.envelope)
    envelope["dynamodb"]["StreamViewType"] = view_type
    return replace(record, envelope=json.dumps(envelope))


@pytest.mark.parametrize("view_type", ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", None])
def test_a_stream_without_both_images_is_said_and_not_looked_at(
    tmp_path: Path, view_type: str | None
) -> None:
    records = [viewed(each, view_type) for each in (chain(None, 1, 2)[0], chain(None, 1, 2, 3)[2])]

    findings = find(trace_of(tmp_path / "t.trace", records), only=["image_chain_break"])

    assert len(findings) == 0
    assert any((view_type or "view type unknown") in remark for remark in findings.remarks)


def test_a_stream_without_both_images_beside_one_that_has_them_is_said_too(tmp_path: Path) -> None:
    other = replace(viewed(chain(None, 1)[0], "KEYS_ONLY"), source_arn=f"{TABLE_STREAM}-other")
    records = [*chain(None, 1, 2)[:1], *chain(None, 1, 2, 3)[2:], other]

    findings = find(trace_of(tmp_path / "t.trace", records), only=["image_chain_break"])

    assert [each.source_arn for each in findings] == [TABLE_STREAM]
    assert any("KEYS_ONLY" in remark for remark in findings.remarks)


def test_a_clean_stream_has_no_remark(tmp_path: Path) -> None:
    findings = find(trace_of(tmp_path / "t.trace", chain(None, 1, 2)), only=["image_chain_break"])

    assert findings.remarks == ()


@pytest.mark.parametrize(
    "hostile",
    [
        b"no json",
        b"\xff\xfe",
        b"[]",
        b'{"Keys":{},"NewImage":7,"OldImage":"x"}',
        b'{"Keys":{},"NewImage":{"v":{"N":"seven"}},"OldImage":{"v":{"N":"NaN"}}}',
        b'{"NewImage":' + b'{"a":{"M":' * 20_000 + b"1" + b"}}" * 20_000 + b"}",
    ],
)
def test_of_a_change_that_cannot_be_read_nothing_is_claimed(tmp_path: Path, hostile: bytes) -> None:
    first, second, third = chain(None, 1, 2, 3)

    assert verdicts(tmp_path, [first, replace(second, body=hostile), third]) == []


def test_an_imported_span_counts_half_in_the_confidence(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t.trace", "import", [], lambda: T0)
    first, _lost, last = chain(None, 1, 2, 3)
    writer.append_records([first, last])
    writer.close()

    (finding,) = breaks(open_trace(tmp_path / "t.trace"))

    assert (finding.coverage, finding.confidence) == ("assumed", 0.5)


@pytest.mark.parametrize("digits", [21, 38, 40])
def test_places_are_compared_as_numbers_of_any_length(tmp_path: Path, digits: int) -> None:
    first, second, _lost, last = chain(None, 1, 2, 3, 4)
    records = [
        replace(last, sequence_number="1" + "0" * (digits - 2) + "7"),
        replace(second, sequence_number="1" + "0" * (digits - 1)),
        replace(first, sequence_number="9" * (digits - 1)),
    ]

    assert verdicts(tmp_path, records) == ["lost"]


changes = st.lists(
    st.tuples(st.sampled_from([None, 1, 2]), st.sampled_from([None, 1, 2])), max_size=7
)


@settings(max_examples=25, deadline=None)
@given(changes, st.randoms(use_true_random=False))
def test_breaks_follow_from_places_and_not_from_the_order_or_number_of_deliveries(
    changes: list[tuple[int | None, int | None]], chance: Any
) -> None:
    told = [
        dynamodb_change(place, item(new), item(old), seconds=place // 3)
        for place, (old, new) in enumerate(changes)
    ]
    broken = [
        (before[1], behind[0])
        for before, behind in itertools.pairwise(changes)
        if before[1] != behind[0]
    ]
    shuffled = chance.sample(told + told[:2], len(told) + len(told[:2]))

    with TemporaryDirectory() as folder, trace_of(Path(folder, "t.trace"), shuffled) as trace:
        found = breaks(trace)
        shown = [row for each in found for row in trace.sql(each.sql).iter_rows(named=True)]

    assert sum(each.count for each in found) == len(broken)
    assert len(shown) == 2 * len(broken)
