"""A record's age is what it waited for, part by part; what cannot be told apart is in no part."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Record, Resource
from tests.factories import QUEUE, STREAM, T0, kinesis_record, sqs_message, write_trace
from tests.workbench.logged import REQUEST, invocation
from workbench.errors import UsageError
from workbench.measures import measure

FUNCTION = "arn:aws:lambda:us-east-1:111111111111:function:charge"
PARTS = ("lane_ms", "window_ms", "poll_ms", "init_ms", "handler_ms", "retry_ms")


def handled(
    number: int, seconds: float, records: Iterable[Record], duration_ms: float = 100, **of: Any
) -> Iterator[Record]:
    """An invocation that names the records it was given."""
    names = " ".join(
        record.sequence_number
        if record.service == "aws:kinesis" and record.sequence_number
        else record.record_id
        for record in records
    )
    line = f"[INFO]\t2026-11-20T10:00:00.490Z\t{REQUEST.format(number)}\tgiven {names}"
    return invocation(number, seconds, duration_ms, lines=(line,), **of)


def mapping(source: str = STREAM, window: int = 0, size: int = 100, lanes: int = 1) -> Resource:
    answer = {
        "UUID": "m",
        "EventSourceArn": source,
        "FunctionArn": FUNCTION,
        "BatchSize": size,
        "MaximumBatchingWindowInSeconds": window,
        "ParallelizationFactor": lanes,
    }
    return Resource(
        source, "list-event-source-mappings", T0, json.dumps({"EventSourceMappings": [answer]})
    )


def ages(
    folder: Path,
    records: Iterable[Record],
    resources: Iterable[Resource] = (),
    bucket_s: int = 3_600,
) -> dict[str, Any]:
    trace = write_trace(folder / "t", records, resources)
    [row] = measure(trace, "age", thresholds={"bucket_s": bucket_s}).to_dicts()
    return row


def parts(row: dict[str, Any]) -> dict[str, float]:
    return {name: row[name] for name in PARTS if row[name]}


def test_a_batch_behind_another_waits_for_its_lane(tmp_path: Path) -> None:
    first, second = kinesis_record(1, seconds=0), kinesis_record(2, seconds=2)
    records = [first, second, *handled(1, 1, [first], 6_000), *handled(2, 7.5, [second], 1_000)]

    row = ages(tmp_path, records, [mapping()])

    assert (row["records"], row["parted"]) == (2, 1), "what was before the first batch is not known"
    assert parts(row) == {"lane_ms": 5_000, "poll_ms": 500, "handler_ms": 1_000}
    assert row["oldest_received_ms"] == 5_500


def test_both_iterator_ages(tmp_path: Path) -> None:
    record = kinesis_record(1, seconds=0)

    row = ages(tmp_path, [record, *handled(1, 3, [record], 4_000)], [mapping()])

    assert (row["received_p50_ms"], row["finished_p50_ms"]) == (3_000, 7_000)


def test_retries_count_from_the_end_of_the_first_attempt(tmp_path: Path) -> None:
    message = sqs_message(1, seconds=0)
    lines = [*handled(1, 1, [message], 500), *handled(2, 31.5, [message], 500)]

    row = ages(tmp_path, [message, *lines], [mapping(QUEUE)])

    assert parts(row) == {"poll_ms": 1_000, "handler_ms": 500, "retry_ms": 30_500}
    assert row["finished_p50_ms"] == 32_000


def test_initialising_is_a_part_where_the_request_waited_for_it(tmp_path: Path) -> None:
    message = sqs_message(1, seconds=0)

    waited = ages(
        tmp_path / "a", [message, *handled(1, 3, [message], init_ms=2_000)], [mapping(QUEUE)]
    )
    ahead = ages(
        tmp_path / "b",
        [message, *handled(1, 3, [message], init_ms=2_000, idle_ms=50_000)],
        [mapping(QUEUE)],
    )

    assert (waited["poll_ms"], waited["init_ms"]) == (1_000, 2_000)
    assert (ahead["poll_ms"], ahead["init_ms"]) == (3_000, 0)


def test_a_full_batch_waits_for_its_last_record_and_another_for_its_window(tmp_path: Path) -> None:
    full = [sqs_message(n, seconds=n) for n in (1, 2)]
    open_ = sqs_message(3, seconds=1)

    row = ages(
        tmp_path / "full", [*full, *handled(1, 2.5, full)], [mapping(QUEUE, window=20, size=2)]
    )
    assert (row["window_ms"], row["poll_ms"]) == (500, 500), "one waited a second, the other not"

    row = ages(
        tmp_path / "open", [open_, *handled(1, 22, [open_])], [mapping(QUEUE, window=20, size=2)]
    )
    assert (row["window_ms"], row["poll_ms"]) == (20_000, 1_000)


@pytest.mark.parametrize(
    "resources", [[], [mapping(lanes=10)]], ids=["no mapping", "more lanes than can be told apart"]
)
def test_what_cannot_be_told_apart_is_in_no_part(tmp_path: Path, resources: list[Resource]) -> None:
    first, second = kinesis_record(1, seconds=0), kinesis_record(2, seconds=2)
    records = [first, second, *handled(1, 1, [first], 6_000), *handled(2, 7.5, [second], 1_000)]

    row = ages(tmp_path, records, resources)

    assert (row["records"], row["parted"]) == (2, 0)
    assert {row[name] for name in PARTS} == {None}
    assert row["finished_p99_ms"] == pytest.approx(7_000, abs=20)


def test_a_message_group_is_a_lane(tmp_path: Path) -> None:
    queue = QUEUE + ".fifo"
    first, second, other = (
        sqs_message(n, seconds=0, group=group, queue=queue)
        for n, group in ((1, "a"), (2, "a"), (3, "b"))
    )
    lines = [
        *handled(1, 1, [first], 4_000),
        *handled(2, 5, [second], 500),
        *handled(3, 1, [other], 500, instance="b"),
    ]

    row = ages(tmp_path, [first, second, other, *lines], [mapping(queue)])

    assert (row["parted"], row["lane_ms"]) == (1, 5_000)


def test_without_a_join_the_measure_says_so(tmp_path: Path) -> None:
    trace = write_trace(tmp_path / "t", [sqs_message(1), *invocation(1, 5)])

    with pytest.raises(UsageError, match="no line tells which invocation was given which record"):
        measure(trace, "age")


@settings(max_examples=12, deadline=None)
@given(
    messages=st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 20), st.integers(0, 5_000), st.integers(1, 3)),
        min_size=1,
        max_size=6,
    ),
    window=st.sampled_from([0, 5]),
    twice=st.booleans(),
)
def test_the_parts_add_up_to_the_age(
    tmp_path_factory: pytest.TempPathFactory,
    messages: list[tuple[int, int, int, int]],
    window: int,
    twice: bool,
) -> None:
    records: list[Record] = []
    expected = []
    request = 0
    for number, (sent, wait, duration, attempts) in enumerate(messages):
        message = sqs_message(number, seconds=sent)
        records += [message] * (2 if twice else 1)
        begin = sent + wait
        for _ in range(attempts):
            request += 1
            records += handled(request, begin, [message], duration, instance=f"i{request}")
            begin += 40
        expected.append((begin - 40 - sent) * 1_000 + duration)

    row = ages(tmp_path_factory.mktemp("t"), records, [mapping(QUEUE, window=window)], 10**6)

    assert row["parted"] == len(messages)
    assert sum(row[name] for name in PARTS) == pytest.approx(sum(expected) / len(expected))
    assert all(row[name] >= 0 for name in PARTS)
