"""The coverage ledger: what reading again mends, and what it cannot."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Cause, Span
from tests.factories import SHARD, STREAM, clock, instant, page
from workbench.trace import TraceWriter, open_trace

Row = tuple[float, float, str]


def ledger(folder: Path, *pages: list[Span]) -> list[Row]:
    """Holes after these pages of one partition: start, end, cause."""
    writer = TraceWriter(folder, "capture", [], clock)
    for spans in pages:
        writer.append_pages([(STREAM, page(shard=SHARD, spans=spans))])
    writer.close()
    with open_trace(folder) as trace:
        rows = trace.coverage().filter(state="hole").select("from_at", "to_at", "cause").rows()
    return [
        ((a - instant(0)).total_seconds(), (b - instant(0)).total_seconds(), c) for a, b, c in rows
    ]


def span(start: float, end: float, cause: str | None = None, *, sealed: bool = False) -> Span:
    return Span(instant(start), instant(end), cause, sealed)


@pytest.mark.parametrize("cause", ["interrupted", "throttled_skip", "unreadable"])
def test_reading_a_hole_later_mends_it_as_far_as_it_was_read(tmp_path: Path, cause: str) -> None:
    hole = span(10, 20, cause)

    assert ledger(tmp_path / "a.trace", [hole], [span(5, 25)]) == []
    assert ledger(tmp_path / "b.trace", [hole], [span(5, 14)]) == [(14, 20, cause)]
    assert ledger(tmp_path / "c.trace", [hole], [span(12, 14)]) == [
        (10, 12, cause),
        (14, 20, cause),
    ]
    assert ledger(tmp_path / "d.trace", [hole], [span(20, 30)]) == [(10, 20, cause)]


@pytest.mark.parametrize(
    "cause", ["trimmed", "latest_start", "sampled", "logs_dropped", "gone", "corrupt_page"]
)
def test_what_the_service_itself_does_not_have_is_mended_by_no_reading(
    tmp_path: Path, cause: str
) -> None:
    assert ledger(tmp_path / "t.trace", [span(10, 20, cause)], [span(0, 30)]) == [(10, 20, cause)]


def test_a_page_does_not_mend_its_own_holes(tmp_path: Path) -> None:
    spans = [span(10, 11, "unreadable"), span(0, 20)]

    assert ledger(tmp_path / "t.trace", spans) == [(10, 11, "unreadable")]


def test_late_events_are_a_hole_until_a_sealing_pass_has_been_there(tmp_path: Path) -> None:
    late = [span(0, 20, "late")]

    assert ledger(tmp_path / "a.trace", late, [span(0, 30)]) == [(0, 20, "late")]
    assert ledger(tmp_path / "b.trace", late, [span(0, 15, sealed=True)]) == [(15, 20, "late")]


@settings(max_examples=40)
@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 20), st.integers(1, 8), st.sampled_from([None, Cause.INTERRUPTED])
        ),
        max_size=12,
    )
)
def test_an_instant_is_a_hole_if_and_only_if_it_was_given_up_after_it_was_last_read(
    steps: list[tuple[int, int, Cause | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("ledger") / "t.trace"
    unread: dict[int, bool] = {}
    for start, length, cause in steps:
        unread.update(dict.fromkeys(range(start, start + length), cause is not None))

    rows = ledger(folder, *([span(s, s + n, c)] for s, n, c in steps))

    found = {second for start, end, _ in rows for second in range(int(start), int(end))}
    assert found == {second for second, is_hole in unread.items() if is_hole}
