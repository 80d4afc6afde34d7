"""How deliveries fall over time."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workbench.findings.traces import message, put, trace_of
from workbench.trace import Trace
from workbench.views.over_time import (
    MARKS,
    STRETCHES,
    Window,
    counted,
    counts_statement,
    lane_names,
    latencies,
    marked,
    unread,
    whole_window,
)


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    puts = [put(number, f"key-{number}", {"n": number}, number) for number in range(4)]
    return trace_of(tmp_path / "x.trace", [*(message(f"m-{n}", {"n": n}) for n in range(3)), *puts])


@given(st.integers(0, 10**13), st.integers(1, 10**12))
def test_a_window_has_few_stretches_that_begin_at_round_instants(begin: int, length: int) -> None:
    window = Window.over(begin, begin + length)

    assert window.from_ms % window.step_ms == 0
    assert window.from_ms <= begin < begin + length <= window.to_ms
    assert (window.to_ms - window.from_ms) / window.step_ms <= STRETCHES + 1


def test_every_delivery_is_counted_once_in_the_whole_window(trace: Trace) -> None:
    window = whole_window(trace)
    assert window is not None

    counts = counted(trace, "true", window)

    assert int(counts["deliveries"].sum()) == 7
    assert counts.equals(trace.sql(counts_statement("true", window, False)))
    assert lane_names(counts)["lane"].to_list() == ["kinesis:orders", "sqs:orders"]


def test_partitions_are_lanes_of_their_own_where_wanted(trace: Trace) -> None:
    window = whole_window(trace)
    assert window is not None

    lanes = lane_names(counted(trace, "true", window, by_partition=True))

    assert any(lane.startswith("kinesis:orders ") for lane in lanes["lane"])
    assert lanes["deliveries"].sum() == 7


def test_a_condition_narrows_counts_and_marks_alike(trace: Trace) -> None:
    window = whole_window(trace)
    assert window is not None
    condition = "record_id = 'm-1' -- a comment"

    assert int(counted(trace, condition, window)["deliveries"].sum()) == 1
    marks = marked(trace, condition, window)
    assert marks["source_arn"].to_list() == ["arn:aws:sqs:us-east-1:111111111111:orders"]
    assert len(marks) <= MARKS


def test_a_trace_without_deliveries_has_no_window(tmp_path: Path) -> None:
    with trace_of(tmp_path / "empty.trace", []) as empty:
        assert whole_window(empty) is None
        assert unread(empty).is_empty()
        assert latencies(empty, "true", Window.over(0, 1_000)).is_empty()
