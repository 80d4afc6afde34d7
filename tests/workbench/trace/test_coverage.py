"""What was read and what was not, told once: the surest that is known of a moment wins."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Span
from tests.factories import LOG_GROUP, clock, instant, page
from workbench.trace import TraceWriter, open_trace

_Told = tuple[int, int, str, str | None]


def span(from_s: int, to_s: int, cause: str | None = None, *, sealed: bool = False) -> Span:
    return Span(instant(from_s), instant(to_s), cause, sealed=sealed)


def told(folder: Path, *spans: Span) -> list[_Told]:
    """Coverage in seconds after the beginning."""
    writer = TraceWriter(folder, "capture", [LOG_GROUP], clock)
    for each in spans:
        writer.append_pages([(LOG_GROUP, page(spans=[each]))])
    writer.close()
    with open_trace(folder) as trace:
        rows: Any = trace.coverage().select("from_at", "to_at", "state", "cause").iter_rows()
        return [
            (*(round((at - instant(0)).total_seconds()) for at in row[:2]), row[2], row[3])
            for row in rows
        ]


def test_sealed_settles_the_part_of_what_was_only_read(tmp_path: Path) -> None:
    assert told(tmp_path / "t", span(0, 100), span(20, 40, sealed=True)) == [
        (0, 20, "read", None),
        (20, 40, "sealed", None),
        (40, 100, "read", None),
    ]


def test_what_was_read_again_and_sealed_whole_is_one_row(tmp_path: Path) -> None:
    spans = [span(0, 100), span(0, 40, sealed=True), span(40, 100, sealed=True)]

    assert told(tmp_path / "t", *spans) == [(0, 100, "sealed", None)]


def test_a_stretch_that_gained_late_events_is_a_hole_until_it_is_sealed(tmp_path: Path) -> None:
    late = [span(0, 100), span(20, 40, "late")]

    assert (20, 40, "hole", "late") in told(tmp_path / "a", *late)
    assert told(tmp_path / "b", *late, span(20, 40, sealed=True)) == [
        (0, 20, "read", None),
        (20, 40, "sealed", None),
        (40, 100, "read", None),
    ]


@pytest.mark.parametrize(("sealed_to_s", "holes"), [(39, 1), (40, 0), (50, 0)])
def test_whoever_counts_holes_counts_no_healed_one(
    sealed_to_s: int, holes: int, tmp_path: Path
) -> None:
    told(tmp_path / "t", span(0, 100), span(20, 40, "late"), span(10, sealed_to_s, sealed=True))

    with open_trace(tmp_path / "t") as trace:
        [source] = trace.info()["sources"]
    assert source["holes"] == holes


def test_no_seal_mends_lines_that_lambda_dropped_or_a_page_that_cannot_be_read(
    tmp_path: Path,
) -> None:
    spans = [span(10, 20, "logs_dropped"), span(30, 31, "corrupt_page"), span(0, 50, sealed=True)]

    assert told(tmp_path / "t", *spans) == [
        (0, 50, "sealed", None),
        (10, 20, "hole", "logs_dropped"),
        (30, 31, "hole", "corrupt_page"),
    ]


def test_one_moment_that_was_read_is_kept_outside_a_seal_and_lost_within(tmp_path: Path) -> None:
    assert told(tmp_path / "t", span(5, 5), span(60, 60), span(0, 50, sealed=True)) == [
        (0, 50, "sealed", None),
        (60, 60, "read", None),
    ]


SPANS = st.lists(
    st.tuples(
        st.integers(0, 30), st.integers(1, 9), st.sampled_from(["read", "sealed", "late", "gone"])
    ),
    max_size=8,
)


@settings(max_examples=15)
@given(SPANS)
def test_every_second_has_the_state_that_the_rule_says_and_no_other(
    written: list[tuple[int, int, str]],
) -> None:
    expected: dict[int, set[str]] = {}
    spans = []
    for from_s, length, kind in written:
        cause = kind if kind in ("late", "gone") else None
        spans.append(span(from_s, from_s + length, cause, sealed=kind == "sealed"))
        for second in range(from_s, from_s + length):
            expected.setdefault(second, set()).add(kind)
    for kinds in expected.values():
        if "sealed" in kinds:
            kinds -= {"read", "late"}
    with TemporaryDirectory() as aside:
        rows = told(Path(aside, "t"), *spans)
    found: dict[int, list[str]] = {}
    for from_s, to_s, state, cause in rows:
        for second in range(from_s, to_s):
            found.setdefault(second, []).append(cause or state)

    assert {second: sorted(kinds) for second, kinds in found.items()} == {
        second: sorted(kinds) for second, kinds in expected.items()
    }


def test_a_statement_can_ask_for_what_was_settled(tmp_path: Path) -> None:
    told(tmp_path / "t", span(0, 100), span(20, 40, "late"), span(20, 40, sealed=True))

    with open_trace(tmp_path / "t") as trace:
        assert trace.sql("from settled_coverage").equals(trace.coverage())
