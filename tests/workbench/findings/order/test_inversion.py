"""Neighbours of one key in the wrong order, told beside what put them so, and never where order only looks broken."""

import json
import random
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Record, Resource, Span
from tests.connectors.kinesis.test_kpl import aggregate
from tests.factories import (
    LOG_GROUP,
    QUEUE,
    STREAM,
    dynamodb_change,
    instant,
    kinesis_record,
    sqs_message,
    write_trace,
)
from tests.workbench.findings.order.invocations import invocation
from tests.workbench.findings.traces import at, message, put, trace_of
from workbench.findings import Finding, find
from workbench.trace import open_trace

FIFO = f"{QUEUE}.fifo"


def of_kind(found: Iterable[Finding]) -> list[Finding]:
    return [each for each in found if each.kind == "inversion"]


def inversions(
    records: Iterable[Record],
    tmp_path: Path,
    key: str | None = "$.id",
    sequence: str | None = "$.v",
    **more: Any,
) -> list[Finding]:
    resources = more.pop("resources", ())
    with write_trace(tmp_path / "t.trace", records, resources) as trace:
        return of_kind(find(trace, key=key, sequence=sequence, only=["inversion"], **more))


def versions(*numbers: int) -> list[Record]:
    return [
        put(place, "k", {"id": "o1", "v": number}, place) for place, number in enumerate(numbers)
    ]


def events(*seconds: float | None) -> list[Record]:
    """Records a second apart, of events that happened at these instants."""
    return [
        put(
            place, "k", {"id": "o1", "t": None if at_ is None else at(at_).isoformat()}, place + 100
        )
        for place, at_ in enumerate(seconds)
    ]


def lineage(*shards: tuple[str, str | None], source: str = STREAM) -> Resource:
    document = {
        "Shards": [
            {"ShardId": shard, **({"ParentShardId": parent} if parent else {})}
            for shard, parent in shards
        ]
    }
    return Resource(source, "list-shards", instant(0), json.dumps(document))


def test_a_swapped_pair_is_one_inversion_with_both_records_as_witness(tmp_path: Path) -> None:
    (finding,) = inversions(versions(1, 3, 2, 4), tmp_path)

    (instance,) = finding.instances
    assert instance["sequences"] == [3, 2]
    assert instance["displacement"] == 1
    assert instance["by"] == ["sequence", "sequence_number"]
    assert (finding.deliveries, finding.severity, finding.confidence) == (2, "fault", 1.0)


def test_displacement_and_distance_of_the_key_are_told(tmp_path: Path) -> None:
    (finding,) = inversions(versions(5, 4, 3, 6, 1), tmp_path)

    told = [
        (each["sequences"], each["displacement"], each["kendall_distance"], each["in_order_share"])
        for each in finding.instances
    ]
    assert told == [([5, 4], 1, 7, 0.4), ([4, 3], 2, 7, 0.4), ([6, 1], 4, 7, 0.4)]
    assert finding.notes == (
        "furthest from order: 'o1', 7 pairs the wrong way round, 3 of neighbours",
    )


def test_the_service_s_order_is_that_of_numbers_and_not_of_text(tmp_path: Path) -> None:
    short_then_long = [put(9, "k", {"id": "o1", "v": 1}, 0), put(10, "k", {"id": "o1", "v": 2}, 1)]
    records = [
        replace(record, sequence_number=text, record_id=text)
        for record, text in zip(short_then_long, ["9", "10"], strict=True)
    ]

    assert inversions(records, tmp_path) == []


def test_the_service_s_order_is_that_of_numbers_also_where_its_instants_say_another(
    tmp_path: Path,
) -> None:
    arrived = [put(1, "k", {"id": "o1", "v": 1}, 5), put(2, "k", {"id": "o1", "v": 2}, 3)]
    assert inversions(arrived, tmp_path / "right") == []

    hidden = [put(2, "k", {"id": "o1", "v": 1}, 3), put(1, "k", {"id": "o1", "v": 2}, 5)]
    (finding,) = inversions(hidden, tmp_path / "wrong")
    assert finding.instances[0]["sequences"] == [2, 1]


@pytest.mark.parametrize("numbers", [(1, 2, 3, 2), (1, 2, 1, 2, 3), (1, 1, 2, 2), (3, 4, 3, 5)])
def test_a_repeated_number_is_a_producer_s_retry_and_no_inversion(
    numbers: tuple[int, ...], tmp_path: Path
) -> None:
    assert inversions(versions(*numbers), tmp_path) == []


def test_a_record_captured_twice_is_one_record(tmp_path: Path) -> None:
    (finding,) = inversions(versions(1, 3, 2) + versions(1, 3, 2), tmp_path)

    assert (finding.count, finding.deliveries) == (1, 2)


def test_two_shards_have_no_order_between_them(tmp_path: Path) -> None:
    records = [put(1, "k", {"id": "o1", "v": 2}, 0, "a"), put(2, "k", {"id": "o1", "v": 1}, 1, "b")]

    assert inversions(records, tmp_path) == []


def test_a_child_shard_goes_on_where_its_parent_ended(tmp_path: Path) -> None:
    shards = lineage(("a", None), ("b", "a"), ("c", "b"))
    records = [
        put(1, "k", {"id": "o1", "v": 1}, 1, "a"),
        put(2, "k", {"id": "o1", "v": 3}, 2, "a"),
        put(3, "k", {"id": "o1", "v": 2}, 3, "c"),
        put(4, "k", {"id": "o1", "v": 4}, 4, "c"),
    ]
    (finding,) = inversions(records, tmp_path / "wrong", resources=[shards])

    assert [each["sequences"] for each in finding.instances] == [[3, 2]]
    assert finding.instances[0]["displacement"] == 1

    retried = [*records[:2], put(3, "k", {"id": "o1", "v": 1}, 3, "c"), records[3]]
    assert inversions(retried, tmp_path / "retried", resources=[shards]) == []


def test_user_records_of_an_aggregate_have_its_order(tmp_path: Path) -> None:
    body = aggregate(*(("k", None, b'{"id":"o1","v":%d}' % number) for number in (1, 3, 2)))
    (finding,) = inversions([put(1, "k", body, 0)], tmp_path)

    assert [each["sequences"] for each in finding.instances] == [[3, 2]]


def test_without_a_business_key_the_partition_key_is_taken(tmp_path: Path) -> None:
    (finding,) = inversions(versions(2, 1), tmp_path, key=None)

    assert finding.instances[0]["key"] == "k"


def test_a_standard_queue_promises_nothing_and_its_disorder_is_only_good_to_know(
    tmp_path: Path,
) -> None:
    records = [message(f"m{n}", {"id": "o1", "v": 9 - n}, n) for n in range(3)]
    (finding,) = inversions(records, tmp_path)

    assert (finding.severity, finding.count) == ("informational", 2)
    assert finding.instances[0]["by"] == ["sequence", "source_at"]


def test_arrivals_closer_than_the_clocks_of_hosts_are_unordered(tmp_path: Path) -> None:
    records = [message("m1", {"id": "o1", "v": 2}, 0), message("m2", {"id": "o1", "v": 1}, 0.01)]

    assert inversions(records, tmp_path / "close") == []
    assert inversions(records, tmp_path / "t", thresholds={"aws_clock_error_ms": 9})


def test_a_stream_that_distributes_records_itself_promises_nothing(tmp_path: Path) -> None:
    summary = {"StreamDescriptionSummary": {"RecordDistributionStrategy": "AUTO"}}
    spread = Resource(STREAM, "describe-stream-summary", instant(0), json.dumps(summary))
    (finding,) = inversions(versions(2, 1), tmp_path, resources=[spread])

    assert finding.severity == "informational"


def test_groups_of_a_fifo_queue_have_no_order_between_them(tmp_path: Path) -> None:
    def sent(*groups: str) -> list[Record]:
        bodies = [{"id": "o1", "v": 2}, {"id": "o1", "v": 1}]
        return [
            sqs_message(n, body, seconds=n, group=group, queue=FIFO)
            for n, (body, group) in enumerate(zip(bodies, groups, strict=True))
        ]

    assert inversions(sent("g", "h"), tmp_path / "two") == []
    (finding,) = inversions(sent("g", "g"), tmp_path / "one")
    assert (finding.severity, finding.instances[0]["by"][1]) == ("fault", "sequence_number")


def test_event_time_tells_the_order_of_records_without_a_number(tmp_path: Path) -> None:
    records = events(1, 5, 3, None, 6)
    (finding,) = inversions(records, tmp_path, sequence=None, event_time="$.t")

    (instance,) = finding.instances
    assert instance["by"] == ["event_time", "sequence_number"]
    assert (instance["behind_ms"], instance["sequences"]) == (2_000, [])
    assert finding.confidence < 1
    assert "clocks within 100 ms" in finding.summary


def test_event_times_closer_than_clock_error_are_ties(tmp_path: Path) -> None:
    records = events(1, 1.1, 1.001, 1.05)

    assert inversions(records, tmp_path / "t", sequence=None, event_time="$.t") == []
    exact = {"clock_error_ms": 98}
    assert inversions(records, tmp_path / "u", sequence=None, event_time="$.t", thresholds=exact)


def test_a_number_speaks_where_an_event_time_contradicts_it(tmp_path: Path) -> None:
    records = [
        put(n, "k", {"id": "o1", "v": n, "t": at(happened).isoformat()}, n)
        for n, happened in enumerate([5, 1, 3])
    ]

    assert inversions(records, tmp_path, event_time="$.t") == []


def test_the_skew_of_a_producer_s_clock_is_taken_out(tmp_path: Path) -> None:
    said = [("slow", -30, 0), ("right", 0, 1), ("slow", -30, 2), ("right", 0, 3)]
    records = [
        put(n, "k", {"id": "o1", "by": name, "t": at(seconds + skew).isoformat()}, seconds + 0.01)
        for n, (name, skew, seconds) in enumerate(said)
    ]
    asked: dict[str, Any] = {"sequence": None, "event_time": "$.t"}

    assert inversions(records, tmp_path / "as-told", **asked)
    corrected = {"producer": "$.by"}
    assert inversions(records, tmp_path / "corrected", **asked, thresholds=corrected) == []


def handled(records: list[Record], *starts: float, streams: str = "abcdefgh") -> list[Record]:
    """The records, and invocations of one record each that start at these seconds, each in an instance of its own."""
    lines = [
        line
        for n, (record, seconds) in enumerate(zip(records, starts, strict=False), 1)
        for line in invocation(n, seconds, record, stream=streams[n - 1])
    ]
    return records + lines


def shard_records(count: int) -> list[Record]:
    return [kinesis_record(n, {"id": "o1", "v": n}, seconds=n) for n in range(1, count + 1)]


def test_a_consumer_that_takes_records_in_another_order_is_told_without_any_business_field(
    tmp_path: Path,
) -> None:
    (finding,) = inversions(
        handled(shard_records(3), 10, 14, 12), tmp_path, key=None, sequence=None
    )

    (instance,) = finding.instances
    assert instance["by"] == ["sequence_number", "handling"]
    assert (instance["key"], instance["behind_ms"], instance["displacement"]) == (
        "customer-1",
        2_000,
        1,
    )
    assert finding.severity == "fault"
    assert finding.source_arn == STREAM
    assert len(instance["delivery_ids"]) == 4, "two records and their START lines"


def test_one_disorder_is_told_once_beside_its_cause(tmp_path: Path) -> None:
    sent_wrong = [
        kinesis_record(n, {"id": "o1", "v": v}, seconds=n) for n, v in enumerate([1, 3, 2])
    ]
    (finding,) = inversions(handled(sent_wrong, 10, 11, 12), tmp_path / "sent")
    assert [each["by"] for each in finding.instances] == [["sequence", "sequence_number"]]

    (finding,) = inversions(handled(shard_records(3), 10, 14, 12), tmp_path / "taken")
    assert [each["by"] for each in finding.instances] == [["sequence_number", "handling"]]


def test_a_retried_record_is_compared_by_its_first_handling(tmp_path: Path) -> None:
    records = shard_records(2)
    lines = [
        *invocation(1, 10, records[0]),
        *invocation(2, 20, records[1]),
        *invocation(3, 30, records[0]),
    ]

    assert inversions(records + lines, tmp_path) == []


def test_records_of_one_batch_and_starts_within_clock_error_are_ties(tmp_path: Path) -> None:
    records = shard_records(3)
    batch = list(invocation(1, 10, *records[:2]))
    close = list(invocation(2, 9.995, records[2], stream="b"))
    assert inversions(records + batch + close, tmp_path / "two") == []

    same_instance = list(invocation(2, 9.995, records[2]))
    assert inversions(records + batch + same_instance, tmp_path / "one")


def test_two_functions_that_read_one_stream_are_not_compared(tmp_path: Path) -> None:
    records = shard_records(2)
    lines = [
        *invocation(1, 30, records[0]),
        *invocation(2, 10, records[1], group=f"{LOG_GROUP}-other"),
    ]

    assert inversions(records + lines, tmp_path) == []


def test_a_line_that_only_refers_to_a_record_is_no_handling_of_it(tmp_path: Path) -> None:
    records = shard_records(2)
    said = (
        "[INFO]\t2026-11-20T10:00:00.490Z\t00000000-0000-4000-9000-000000000002\t"
        f"duplicate of {records[0].sequence_number}"
    )
    second = list(invocation(2, 10, records[1]))
    second.insert(2, replace(second[1], record_id="9" * 56, body=said.encode()))
    first = list(invocation(1, 30, records[0]))

    (finding,) = inversions([*records, *first, *second], tmp_path)
    assert finding.instances[0]["behind_ms"] == 20_000


def test_keys_of_one_shard_are_handled_side_by_side(tmp_path: Path) -> None:
    records = [kinesis_record(1, key="k", seconds=1), kinesis_record(2, key="l", seconds=2)]

    assert inversions(handled(records, 20, 10), tmp_path) == []


def test_across_a_hole_of_the_log_nothing_is_claimed(tmp_path: Path) -> None:
    records = handled(shard_records(2), 30, 10)
    hole = Span(at(15), at(20), "throttled_skip")
    (finding,) = of_kind(find(trace_of(tmp_path / "whole", records)))
    assert finding.notes[1:] == ()

    assert of_kind(find(trace_of(tmp_path / "holed", records, holes=[hole]))) == []


def test_where_a_log_begins_after_the_records_it_is_noted(tmp_path: Path) -> None:
    (finding,) = inversions(handled(shard_records(2), 30, 10), tmp_path)

    assert "1 pair: the log was not read from the record's arrival on" in finding.notes[1]


def test_a_standard_queue_s_messages_are_handled_against_their_numbers(tmp_path: Path) -> None:
    records = [sqs_message(n, {"id": "o1", "v": n}, seconds=n) for n in (1, 2)]
    (finding,) = inversions(handled(records, 20, 10), tmp_path / "taken")
    assert finding.instances[0]["by"] == ["sequence", "handling"]
    assert finding.severity == "informational"

    sent_wrong = [sqs_message(n, {"id": "o1", "v": 9 - n}, seconds=n) for n in (1, 2)]
    (finding,) = inversions(handled(sent_wrong, 10, 20), tmp_path / "sent")
    assert [each["by"] for each in finding.instances] == [["sequence", "source_at"]]


def test_a_table_s_changes_are_ordered_within_their_item(tmp_path: Path) -> None:
    changes = [
        dynamodb_change(n, {"v": {"N": str(v)}}, key="o1", seconds=0)
        for n, v in enumerate([1, 3, 2])
    ]
    (finding,) = inversions(changes, tmp_path, key=None, sequence="$.NewImage.v.N")

    assert finding.instances[0]["sequences"] == [3, 2]


HOSTILE = [
    b'{"id":"o1","v":99999999999999999999999}',
    b'{"id":"o1","v":"x"}',
    b'{"id":"o1","v":null}',
    b'{"id":["o1"],"v":1}',
    b'{"id":"\\ud800","v":3}',
    b'{"id":"o1","v":1,"v":7}',
    b"\xff\x00",
    b"",
    b"[" * 100_000,
    b'{"id":"o1","v":-4611686018427387903}',
    b'{"id":"o1","v":9223372036854775807}',
    b'{"id":"<b>o\'1\\"","v":1}',
]


def test_hostile_payloads_and_missing_members_break_nothing(tmp_path: Path) -> None:
    records = [put(n, "k", body, n) for n, body in enumerate(HOSTILE)]
    bare = [
        replace(
            put(50 + n, "k", {"id": "o2", "v": 9 - n}, n),
            sequence_number=None,
            ordering_key=None,
            source_at=None,
        )
        for n in range(3)
    ]
    (finding,) = inversions(records + bare, tmp_path, event_time="$.t")

    assert [each["sequences"] for each in finding.instances] == [[7, -4611686018427387903]]


def test_an_empty_trace_has_no_inversion(tmp_path: Path) -> None:
    assert inversions([], tmp_path, event_time="$.t", thresholds={"producer": "$.p"}) == []


NUMBERS = st.lists(st.integers(0, 8), min_size=1, max_size=14)


def expected(numbers: list[int]) -> list[tuple[int, int]]:
    """By definition: neighbours among the first occurrences that step back."""
    firsts = list(dict.fromkeys(numbers))
    return [(a, b) for a, b in pairwise(firsts) if a > b]


@settings(max_examples=15)
@given(NUMBERS, st.randoms(use_true_random=False))
def test_the_answer_follows_from_the_records_and_not_from_how_they_came(
    numbers: list[int], chance: random.Random
) -> None:
    records = versions(*numbers)
    shuffled = [*records, chance.choice(records)]
    chance.shuffle(shuffled)
    with TemporaryDirectory() as folder:
        for record in shuffled:
            trace_of(Path(folder, "segment by segment"), [record]).close()
        trace_of(Path(folder, "at once"), records).close()
        told = []
        for name in ("at once", "segment by segment"):
            with open_trace(Path(folder, name)) as trace:
                found = find(trace, key="$.id", sequence="$.v", only=["inversion"])
            told.append([tuple(each["sequences"]) for f in found for each in f.instances])

    assert told == [expected(numbers)] * 2


@settings(max_examples=8)
@given(st.permutations(range(1, 7)))
def test_handlings_are_judged_by_definition(places: list[int]) -> None:
    records = handled(shard_records(6), *(10.0 * place for place in places))
    with TemporaryDirectory() as folder:
        found = inversions(records, Path(folder), key=None, sequence=None)

    steps = [a - b for a, b in pairwise(places) if a > b]
    pairs = sum(a > b for n, b in enumerate(places) for a in places[:n])
    assert [each["behind_ms"] / 10_000 for f in found for each in f.instances] == steps
    assert {each["kendall_distance"] for f in found for each in f.instances} == (
        {pairs} if pairs else set()
    )
