"""Charts as pictures: drawn, described, and complete without script or network."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.record import Span
from tests.workbench.findings.traces import at, message, put, trace_of
from workbench import charts
from workbench.findings import find
from workbench.trace import Trace
from workbench.widgets.picture import activity_picture, coverage_bar, show


@pytest.fixture
def trace(tmp_path: Path) -> Iterator[Trace]:
    records = [message("m-1", {}, count=3), put(1, "key", {}, 30), put(2, "key", {}, 60)]
    hole = Span(at(3_600), at(3_660), "<b>expired</b>")
    with trace_of(tmp_path / "x.trace", records, holes=[hole]) as opened:
        yield opened


def test_a_picture_says_what_it_shows_to_those_who_do_not_see_it(trace: Trace) -> None:
    bundle = activity_picture(trace)._repr_mimebundle_()
    assert "sqs:orders 1" in bundle["text/plain"]
    assert bundle["text/html"].startswith('<div role="img" aria-label="Deliveries over time')
    assert bundle["image/svg+xml"] in bundle["text/html"]


def test_a_picture_needs_no_script_and_no_network(trace: Trace) -> None:
    for picture in (
        activity_picture(trace),
        coverage_bar(trace),
        show(charts.findings_chart(find(trace).to_frame())),
    ):
        text = picture.svg.replace("http://www.w3.org/", "")
        assert text.startswith("<svg")
        for mark in ("<script", "<image", "http", "url(", "href", "<b>"):
            assert mark not in text


def test_coverage_shows_the_stretch_in_which_records_came_and_every_hole(trace: Trace) -> None:
    assert "2 holes" in coverage_bar(trace).description
    assert "hole: " in coverage_bar(trace).svg


def test_a_trace_without_records_is_a_sentence(tmp_path: Path) -> None:
    with trace_of(tmp_path / "empty.trace", []) as empty:
        assert "no records" in activity_picture(empty).description
        assert "No coverage" in coverage_bar(empty).description
