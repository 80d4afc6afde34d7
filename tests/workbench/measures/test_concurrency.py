"""Concurrency is exact: the same as counting by hand at every instant, whatever overlaps."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Resource
from tests.factories import LOG_GROUP, QUEUE, T0, instant, log_event, write_trace
from tests.workbench.logged import invocation
from workbench.measures import measure

FUNCTION = "arn:aws:lambda:us-east-1:111111111111:function:charge"


def test_the_peak_and_the_average_of_a_minute(tmp_path: Path) -> None:
    records = [
        *invocation(1, 10, 30_000, instance="a"),
        *invocation(2, 20, 10_000, instance="b"),
        *invocation(3, 30, 30_000, instance="b"),
        *invocation(4, 130, 6_000, instance="a"),
    ]

    figures = measure(write_trace(tmp_path / "t", records), "concurrency")

    assert figures.select("bucket_at", "peak", "average", "started").rows() == [
        (instant(0), 2, 70 / 60, 3),
        (instant(120), 1, 6 / 60, 1),
    ]


def test_who_ends_when_the_next_begins_runs_not_beside_it(tmp_path: Path) -> None:
    records = [*invocation(1, 10, 1_000), *invocation(2, 11, 1_000), *invocation(3, 12, 1_000)]

    assert measure(write_trace(tmp_path / "t", records), "concurrency")["peak"].to_list() == [1]


def test_an_instance_is_busy_while_a_request_waits_for_it_and_not_when_made_ahead(
    tmp_path: Path,
) -> None:
    records = [
        *invocation(1, 10, 1_000, init_ms=3_000, instance="a"),
        *invocation(2, 8, 1_000, instance="b"),
        *invocation(3, 40, 1_000, init_ms=3_000, idle_ms=20_000, instance="c"),
    ]

    [row] = measure(write_trace(tmp_path / "t", records), "concurrency").to_dicts()

    assert (row["peak"], row["average"]) == (2, (4 + 1 + 1) / 60)


def test_what_has_no_instant_or_length_is_counted_apart(tmp_path: Path) -> None:
    lonely = log_event(
        900,
        "START RequestId: 00000384-0000-4000-8000-000000000000 Version: 1",
        seconds=5,
        log_stream="x",
    )

    [row] = measure(
        write_trace(tmp_path / "t", [*invocation(1, 10), lonely]), "concurrency"
    ).to_dicts()

    assert (row["peak"], row["started"], row["unplaced"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("caps", "told"), [([5], 5), ([5, 7], 12), ([5, None], None), ([None], None), ([], None)]
)
def test_the_cap_is_told_where_every_mapping_has_one(
    tmp_path: Path, caps: list[int | None], told: int | None
) -> None:
    mappings = [
        {"UUID": str(n), "EventSourceArn": QUEUE, "FunctionArn": FUNCTION, "State": "Enabled"}
        | ({"ScalingConfig": {"MaximumConcurrency": cap}} if cap else {})
        for n, cap in enumerate(caps)
    ]
    answer = Resource(
        QUEUE, "list-event-source-mappings", T0, json.dumps({"EventSourceMappings": mappings})
    )

    [row] = measure(
        write_trace(tmp_path / "t", invocation(1, 10), [answer]), "concurrency"
    ).to_dicts()

    assert (row["source_arn"], row["maximum_concurrency"]) == (LOG_GROUP, told)


@settings(max_examples=15, deadline=None)
@given(
    runs=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 90_000)), min_size=1, max_size=12),
    bucket=st.sampled_from([7, 60, 300]),
)
def test_it_equals_counting_at_every_millisecond_at_which_something_changes(
    tmp_path_factory: pytest.TempPathFactory, runs: list[tuple[int, int]], bucket: int
) -> None:
    records = [
        line
        for n, (second, duration) in enumerate(runs)
        for line in invocation(n, second, duration, instance=f"i{n}")
    ]
    trace = write_trace(tmp_path_factory.mktemp("t") / "t", records)

    figures = measure(trace, "concurrency", thresholds={"bucket_s": bucket})

    spans = [
        (start * 1_000.0, max(start * 1_000.0 + length, start * 1_000 + 0.001))
        for start, length in runs
    ]
    origin = T0.timestamp() * 1_000
    expected = {}
    edges = {edge for span in spans for edge in span}
    for number in range(
        int((origin + 300_000) // (bucket * 1_000)) + 1 - int(origin // (bucket * 1_000))
    ):
        begin = (origin // (bucket * 1_000) + number) * bucket * 1_000 - origin
        end = begin + bucket * 1_000
        instants = {begin} | {edge for edge in edges if begin <= edge < end}
        peak = max(sum(a <= moment < b for a, b in spans) for moment in instants)
        busy = sum(max(0.0, min(b, end) - max(a, begin)) for a, b in spans)
        if peak:
            expected[begin] = (peak, pytest.approx(busy / (bucket * 1_000), abs=1e-6))
    told = {
        (row["bucket_at"].timestamp() * 1_000 - origin): (row["peak"], row["average"])
        for row in figures.to_dicts()
    }
    assert told == expected
