"""What a person should know of a trace before anything else."""

from datetime import timedelta
from pathlib import Path

import pytest

from connectors.record import Span
from tests.workbench.findings.traces import T0, at, message, trace_of
from workbench.trace import Trace, TraceWriter, open_trace
from workbench.trace.condition import condition


def html(trace: Trace) -> str:
    return trace._repr_html_()


def test_a_whole_trace_has_nothing_to_be_warned_of(tmp_path: Path) -> None:
    with trace_of(tmp_path / "t.trace", [message("m", {})]) as trace:
        assert condition(trace.info()) == ()
        assert "sqs:orders" in html(trace)


def test_an_empty_trace_says_how_records_get_in(tmp_path: Path) -> None:
    with trace_of(tmp_path / "t.trace", []) as trace:
        assert "Empty: no record is in it yet" in html(trace)
        assert "workbench capture" in html(trace)
        assert "\n" not in repr(trace)


def test_a_trace_that_is_being_captured_says_how_to_see_more(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t.trace", "capture", ["test"], lambda: T0)
    with open_trace(tmp_path / "t.trace") as trace:
        assert "Being captured" in html(trace)
        assert "trace.refresh()" in html(trace)
        writer.close()
        assert "Being captured" in html(trace)
        assert "Being captured" not in html(trace.refresh())


def test_a_hole_is_said_with_its_source_before_the_numbers(tmp_path: Path) -> None:
    holes = [Span(at(5), at(5) + timedelta(seconds=1), "trimmed")]
    with trace_of(tmp_path / "t.trace", [message("m", {})], holes=holes) as trace:
        said = html(trace)

    assert "Incomplete: sqs:orders has stretches that were not read" in said
    assert said.index("Incomplete") < said.index("<table>")


@pytest.mark.parametrize("state", ["failed", "interrupted"])
def test_a_capture_that_ended_early_may_be_started_again(state: str) -> None:
    info = {"records": 1, "sources": [], "captures": [{"state": "done"}, {"state": state}]}

    (said,) = condition(info)
    assert "started again, it goes on" in said


def test_a_closed_trace_says_so_and_raises_nothing(tmp_path: Path) -> None:
    trace = trace_of(tmp_path / "t.trace", [message("m", {})])
    trace.close()

    assert "closed; open it again" in html(trace)
    assert repr(trace).startswith("<Trace")
