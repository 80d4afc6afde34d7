"""Missing numbers are claimed where they can be known, and nowhere else."""

import json
import random
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Checkpoint, Page, Record, Resource, Span
from tests.connectors.kinesis.test_kpl import aggregate
from tests.workbench.findings.traces import QUEUE, STREAM, T0, at, message, put, trace_of
from workbench.errors import UsageError
from workbench.findings import Finding, find
from workbench.trace import Trace, TraceWriter, open_trace


def versions(*numbers: int, key: str = "o1") -> list[Record]:
    return [
        put(place, key, {"id": key, "v": number}, place) for place, number in enumerate(numbers)
    ]


def gaps(trace: Trace) -> list[Finding]:
    return list(find(trace, key="$.id", sequence="$.v", only=["sequence_gap"]))


def test_numbers_between_two_neighbours_are_missing(tmp_path: Path) -> None:
    trace = trace_of(tmp_path / "t.trace", versions(1, 2, 5, 6))

    (finding,) = gaps(trace)

    assert finding.count == 1
    assert finding.instances[0]["key"] == "o1"
    assert finding.instances[0]["missing"] == [3, 4]
    assert trace.sql(finding.sql)["sequence"].to_list() == [2, 5]


def test_many_missing_numbers_are_given_by_their_bounds(tmp_path: Path) -> None:
    (finding,) = gaps(trace_of(tmp_path / "t.trace", versions(1, 1_000)))

    assert finding.instances[0]["missing"] == {"from": 2, "to": 999}


def test_a_number_that_came_late_is_not_missing(tmp_path: Path) -> None:
    assert gaps(trace_of(tmp_path / "t.trace", versions(1, 3, 4, 2))) == []


def test_a_number_that_may_still_come_is_not_missing(tmp_path: Path) -> None:
    assert gaps(trace_of(tmp_path / "t.trace", versions(1, 3), read_until=4)) == []


def test_a_number_that_may_lie_in_a_hole_is_not_missing(tmp_path: Path) -> None:
    hole = Span(at(0.2), at(0.8), "trimmed")

    assert gaps(trace_of(tmp_path / "t.trace", versions(1, 3), holes=[hole])) == []


def test_a_repeat_is_a_note_and_no_gap(tmp_path: Path) -> None:
    (finding,) = gaps(trace_of(tmp_path / "t.trace", versions(1, 2, 2, 4)))

    assert finding.instances[0]["missing"] == [3]
    assert finding.notes == ("1 repeated number, the first with delivery 3",)


def test_the_first_of_two_equal_keys_does_not_decide(tmp_path: Path) -> None:
    """A handler's parser takes the last of two equal keys; DuckDB's own would take the first and see a gap."""
    bodies = [b'{"id":"o1","v":1}', b'{"id":"o1","v":9,"v":2}', b'{"id":"o1","v":3}']

    assert (
        gaps(
            trace_of(tmp_path / "t.trace", [put(n, "k", body, n) for n, body in enumerate(bodies)])
        )
        == []
    )


def bodies(*told: object) -> list[Record]:
    """Records of one key, a second apart; bytes are the payload itself, anything else its number."""
    return [
        put(place, "o1", each if isinstance(each, bytes) else {"id": "o1", "v": each}, place)
        for place, each in enumerate(told)
    ]


def test_a_number_may_be_text_and_what_is_no_number_is_counted(tmp_path: Path) -> None:
    (finding,) = gaps(trace_of(tmp_path / "t.trace", bodies("three", None, [4], 1, "2", 3.0, 5)))

    assert finding.instances[0]["missing"] == [4]
    assert finding.confidence == 1.0
    assert finding.notes == ("3 payloads with $.id and no whole number at $.v",)


@pytest.mark.parametrize("unreadable", ["three", b"no json", b'{"id":"o1","v":3', b"\xff"])
def test_a_record_that_may_be_the_missing_one_leaves_the_gap_out(
    tmp_path: Path, unreadable: object
) -> None:
    assert gaps(trace_of(tmp_path / "t.trace", bodies(1, 2, unreadable, 4))) == []


def test_payloads_without_a_number_are_counted_where_nothing_was_found_too(tmp_path: Path) -> None:
    trace = trace_of(tmp_path / "t.trace", bodies(1, 2, "three", 4))

    findings = find(trace, key="$.id", sequence="$.v", only=["sequence_gap"])

    assert (len(findings), findings.remarks) == (
        0,
        ("1 payload with $.id and no whole number at $.v",),
    )


def test_fewer_unreadable_records_than_missing_numbers_lower_the_confidence(tmp_path: Path) -> None:
    (finding,) = gaps(trace_of(tmp_path / "t.trace", bodies(1, b"no json", 6)))

    assert finding.instances[0]["missing"] == [2, 3, 4, 5]
    assert finding.confidence == 0.75


def test_an_unreadable_record_of_another_key_or_time_casts_no_doubt(tmp_path: Path) -> None:
    records = [*bodies(1, 3), put(8, "o2", b"no json", 0.5), put(9, "o1", b"no json", 60)]

    (finding,) = gaps(trace_of(tmp_path / "t.trace", records))

    assert (finding.confidence, finding.instances[0]["missing"]) == (1.0, [2])


def test_a_key_that_begins_anew_has_no_gap_between_its_end_and_its_beginning(
    tmp_path: Path,
) -> None:
    assert gaps(trace_of(tmp_path / "a", versions(5, 6, 7, 1, 2, 3))) == []
    assert gaps(trace_of(tmp_path / "b", versions(1, 2, 3, 0, 1, 2))) == []


def lives(*told: list[int]) -> list[Record]:
    """One key that counts anew with other contents in each life."""
    return [
        put(place, "o1", {"id": "o1", "v": number, "life": life}, place)
        for place, (life, number) in enumerate(
            (life, number) for life, numbers in enumerate(told) for number in numbers
        )
    ]


def test_each_life_of_a_key_has_its_own_gaps(tmp_path: Path) -> None:
    (finding,) = gaps(trace_of(tmp_path / "t.trace", lives([1, 2, 3, 4, 6], [1, 2, 5, 6])))

    assert [each["missing"] for each in finding.instances] == [[3, 4], [5]]
    assert finding.notes == ("1 count begun anew, the first with delivery 6",)


def test_the_same_content_again_is_a_repeat_and_begins_nothing(tmp_path: Path) -> None:
    """A producer that sends its last records once more has lost nothing that it had sent before."""
    assert gaps(trace_of(tmp_path / "t.trace", versions(1, 2, 3, 4, 1, 2, 4, 5))) == []


def test_numbers_that_came_in_any_order_but_all_came_are_no_gap(tmp_path: Path) -> None:
    assert gaps(trace_of(tmp_path / "t.trace", versions(3, 1, 2, 4))) == []


def test_steps_back_are_noted_with_the_first(tmp_path: Path) -> None:
    (finding,) = gaps(trace_of(tmp_path / "t.trace", versions(1, 3, 2, 5)))

    assert finding.notes == ("1 step back, the first with delivery 3",)


def test_two_deliveries_of_one_record_are_one(tmp_path: Path) -> None:
    records = versions(1, 2, 4)

    (finding,) = gaps(trace_of(tmp_path / "t.trace", [*records, *records]))

    assert finding.notes == ()
    assert finding.instances[0]["delivery_ids"] == [2, 3]


def over_shards(
    folder: Path, *, child_read_to: float, finished: bool, hole: Span | None = None
) -> Trace:
    """Numbers 1 and 2 in a parent shard, 4 and 5 in its child."""
    writer = TraceWriter(folder / "t.trace", "capture", ["test"], lambda: T0)
    records = versions(1, 2, 4, 5)
    child = tuple(
        put(place + 2, "o1", json.loads(each.body), place + 2, "child")
        for place, each in enumerate(records[2:])
    )
    parent = Page(tuple(records[:2]), Checkpoint("shard-0", "1", finished), (Span(T0, at(1)),))
    spans = (Span(at(2), at(child_read_to)), *((hole,) if hole else ()))
    writer.append_pages([(STREAM, parent), (STREAM, Page(child, Checkpoint("child", "1"), spans))])
    writer.close()
    return open_trace(folder / "t.trace")


def test_a_key_goes_on_in_the_child_of_its_shard(tmp_path: Path) -> None:
    (finding,) = gaps(over_shards(tmp_path, child_read_to=60, finished=True))

    assert finding.instances[0]["missing"] == [3]


def test_a_parent_that_was_not_read_to_its_end_may_hold_the_number(tmp_path: Path) -> None:
    assert gaps(over_shards(tmp_path, child_read_to=60, finished=False)) == []


def test_a_child_that_was_not_read_on_may_still_bring_it(tmp_path: Path) -> None:
    assert gaps(over_shards(tmp_path, child_read_to=4, finished=True)) == []


def test_a_hole_in_a_shard_that_cannot_hold_the_key_hides_nothing(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t.trace", "capture", ["test"], lambda: T0)
    whole, hole = Span(T0, at(60)), Span(at(0.2), at(0.8), "trimmed")
    own = Page(tuple(versions(1, 3)), Checkpoint("shard-0", "1"), (whole,))
    other = Page((put(9, "o2", "x", 1, "shard-1"),), Checkpoint("shard-1", "1"), (whole, hole))
    writer.append_pages([(STREAM, own), (STREAM, other)])
    writer.close()

    (finding,) = gaps(open_trace(tmp_path / "t.trace"))

    assert finding.instances[0]["missing"] == [2]


def test_a_key_under_two_partition_keys_may_hide_in_a_hole_of_any_shard(tmp_path: Path) -> None:
    hole = Span(at(0.2), at(0.8), "trimmed")
    spread = [put(1, "p1", {"id": "o1", "v": 1}, 0), put(2, "p2", {"id": "o1", "v": 3}, 1)]
    elsewhere = put(9, "o2", {"id": "o2", "v": 1}, 1, "shard-1")
    writer = TraceWriter(tmp_path / "t.trace", "capture", ["test"], lambda: T0)
    for records, spans in (
        (spread, (Span(T0, at(60)),)),
        ([elsewhere], (Span(T0, at(60)), hole)),
    ):
        place = Checkpoint(records[0].partition_id, "1")
        writer.append_pages([(STREAM, Page(tuple(records), place, spans))])
    writer.close()

    assert gaps(open_trace(tmp_path / "t.trace")) == []


def test_between_two_spans_that_do_not_touch_nothing_is_claimed(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t.trace", "import", [], lambda: T0)
    first, second, third = versions(1, 3, 4)
    writer.append_records([first])
    writer.append_records([second, replace(third, source_at=at(60))])
    writer.close()

    assert gaps(open_trace(tmp_path / "t.trace")) == []


def test_a_number_missing_in_an_imported_span_counts_half(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t.trace", "import", [], lambda: T0)
    writer.append_records([*versions(1, 3), put(9, "o1", {"id": "o1", "v": 4}, 60)])
    writer.close()

    (finding,) = gaps(open_trace(tmp_path / "t.trace"))

    assert (finding.coverage, finding.confidence) == ("assumed", 0.5)


def test_what_a_queue_holds_no_more_when_it_is_peeked_is_not_missing(tmp_path: Path) -> None:
    peeked = '{"system":{},"user":{},"workbench":{"mode":"peek","own_receives":1}}'
    messages = [message(f"m{v}", {"id": "o1", "v": v}, v) for v in (1, 2, 4)]

    assert len(gaps(trace_of(tmp_path / "a", messages))) == 1
    assert gaps(trace_of(tmp_path / "b", [replace(m, attributes=peeked) for m in messages])) == []


def test_a_dead_letter_queue_holds_only_what_failed(tmp_path: Path) -> None:
    messages = [message(f"m{v}", {"id": "o1", "v": v}, v) for v in (1, 2, 4)]
    redrive = json.dumps({"deadLetterTargetArn": QUEUE, "maxReceiveCount": 3})
    told = json.dumps({"Attributes": {"RedrivePolicy": redrive}})
    trace_of(tmp_path / "t.trace", messages).close()
    writer = TraceWriter(tmp_path / "t.trace", "import", [], lambda: T0)
    writer.append_resources([Resource(f"{QUEUE}-main", "get-queue-attributes", T0, told)])
    writer.close()

    assert gaps(open_trace(tmp_path / "t.trace")) == []


def test_user_records_of_an_aggregate_count_one_by_one(tmp_path: Path) -> None:
    def packed(*numbers: int) -> bytes:
        told = [json.dumps({"id": "o1", "v": number}).encode() for number in numbers]
        return aggregate(*(("o1", None, each) for each in told))

    records = [put(1, "a", packed(1, 2), 1), put(2, "a", packed(3, 5, 7), 2)]

    (finding,) = gaps(trace_of(tmp_path / "t.trace", records))

    assert [each["missing"] for each in finding.instances] == [[4], [6]]


def test_a_number_outside_the_asked_time_was_still_seen(tmp_path: Path) -> None:
    trace = trace_of(tmp_path / "t.trace", versions(2, 1, 3, 5))

    (finding,) = find(trace, key="$.id", sequence="$.v", since=at(1), only=["sequence_gap"])

    assert [each["missing"] for each in finding.instances] == [[4]]


def test_the_largest_numbers_there_are_do_not_overflow(tmp_path: Path) -> None:
    ends = (-(2**62) + 1, 2**62 - 1)

    (finding,) = gaps(trace_of(tmp_path / "t.trace", versions(*ends, 2**63 - 1)))

    assert finding.instances[0]["missing"] == {"from": -(2**62) + 2, "to": 2**62 - 2}


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(2, 9)), max_size=9),
    st.randoms(use_true_random=False),
)
def test_gaps_are_what_is_not_there_whatever_the_order_of_deliveries(
    told: list[tuple[str, int]], chance: random.Random
) -> None:
    """Numbers from 2 on, sorted by their instants, so that no key begins anew."""
    told = sorted(told, key=lambda each: each[1])
    records = [
        put(place, key, {"id": key, "v": number}, place) for place, (key, number) in enumerate(told)
    ]
    again = chance.sample(records, len(records)) + records[:2]
    expected = {
        (key, number)
        for key in "ab"
        for numbers in [{n for k, n in told if k == key}]
        if numbers
        for number in set(range(min(numbers), max(numbers))) - numbers
    }

    with TemporaryDirectory() as folder, trace_of(Path(folder, "t.trace"), again) as trace:
        found = [
            (instance["key"], number)
            for finding in gaps(trace)
            for instance in finding.instances
            for number in instance["missing"]
        ]

    assert sorted(found) == sorted(expected)


def test_asking_for_gaps_without_a_sequence_gets_the_reason(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not dense"):
        find(trace_of(tmp_path / "t.trace", versions(1)), only=["sequence_gap"])


def test_a_path_that_no_payload_has_is_said(tmp_path: Path) -> None:
    findings = find(trace_of(tmp_path / "t.trace", versions(1, 3)), key="$.nope", sequence="$.v")

    assert any("$.nope" in remark for remark in findings.remarks)


def test_the_fields_remembered_in_the_trace_are_used(tmp_path: Path) -> None:
    from workbench.trace.catalog import Catalog

    trace = trace_of(tmp_path / "t.trace", versions(1, 3))
    catalog = Catalog.open(tmp_path / "t.trace", write=True)
    catalog.remember(key="$.id", sequence="$.v")
    catalog.close()
    trace = type(trace)(tmp_path / "t.trace")

    assert [each.kind for each in find(trace)] == ["sequence_gap"]
