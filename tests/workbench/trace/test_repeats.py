"""Log events that a look-back window brings again are left out; everything else is a delivery of its own."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Page
from tests.factories import LOG_GROUP, QUEUE, clock, log_event, page, sqs_message, write_trace
from workbench.trace import TraceWriter, repeats
from workbench.trace.repeats import RepeatedEvents


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_trace(tmp_path / "t.trace", [log_event(1), log_event(2), sqs_message(1)]).close()
    return tmp_path / "t.trace"


def ids(fresh: Page) -> list[int]:
    return [int(record.record_id) for record in fresh.records]


def test_an_event_that_an_earlier_capture_stored_is_left_out(folder: Path) -> None:
    fresh = RepeatedEvents(folder).without(LOG_GROUP, page(log_event(2), log_event(3)))

    assert ids(fresh) == [3]


def test_an_event_that_came_a_moment_ago_is_left_out(folder: Path) -> None:
    known = RepeatedEvents(folder)
    known.without(LOG_GROUP, page(log_event(3), log_event(4)))

    assert ids(known.without(LOG_GROUP, page(log_event(3), log_event(4), log_event(5)))) == [5]


def test_an_event_that_stands_twice_in_one_page_is_kept_once(folder: Path) -> None:
    assert ids(RepeatedEvents(folder).without(LOG_GROUP, page(log_event(7), log_event(7)))) == [7]


def test_the_position_and_coverage_of_a_page_stay_as_they_are(folder: Path) -> None:
    whole = page(log_event(1), log_event(2), position="after 2")

    fresh = RepeatedEvents(folder).without(LOG_GROUP, whole)

    assert fresh.records == ()
    assert (fresh.checkpoint, fresh.spans) == (whole.checkpoint, whole.spans)


def test_groups_are_known_apart(folder: Path) -> None:
    other = f"{LOG_GROUP}-fixed"

    assert ids(RepeatedEvents(folder).without(other, page(log_event(1, group=other)))) == [1]


def test_another_services_page_is_handed_on_as_it_is(folder: Path) -> None:
    again = page(sqs_message(1), sqs_message(1))

    assert RepeatedEvents(folder).without(QUEUE, again) is again


def test_deliveries_that_a_line_told_of_pass_with_their_page(folder: Path) -> None:
    fresh = RepeatedEvents(folder).without(LOG_GROUP, page(log_event(1), sqs_message(1)))

    assert [record.service for record in fresh.records] == ["aws:sqs"]


def test_an_event_that_is_equal_but_for_its_id_is_another(folder: Path) -> None:
    fresh = RepeatedEvents(folder).without(
        LOG_GROUP, page(log_event(8, seconds=5), log_event(9, seconds=5))
    )

    assert ids(fresh) == [8, 9]


def test_what_memory_let_go_is_asked_of_the_trace(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "REMEMBERED", 3)
    known = RepeatedEvents(folder)
    writer = TraceWriter(folder, "capture", [LOG_GROUP], clock)
    for n in range(10, 30):
        fresh = known.without(LOG_GROUP, page(log_event(n, seconds=10 * n)))
        writer.append_pages([(LOG_GROUP, fresh)])
        assert ids(fresh) == [n]
    writer.close()

    again = page(*(log_event(n, seconds=10 * n) for n in range(5, 32)))
    assert ids(known.without(LOG_GROUP, again)) == [5, 6, 7, 8, 9, 30, 31]
    assert all(each.weight <= 3 for each in known._known.values())


@settings(max_examples=15)
@given(
    st.lists(st.lists(st.integers(1, 60), min_size=1, max_size=8), max_size=12), st.integers(1, 12)
)
def test_every_event_is_stored_once_whatever_comes_again_and_whoever_reads(
    pages: list[list[int]], remembered: int
) -> None:
    with TemporaryDirectory() as aside, pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeats, "REMEMBERED", remembered)
        folder = Path(aside, "t.trace")
        writer = TraceWriter(folder, "capture", [LOG_GROUP], clock)
        known, stored = RepeatedEvents(folder), list[int]()
        for number, numbers in enumerate(pages):
            if number % 5 == 4:
                known = RepeatedEvents(folder)
            fresh = known.without(LOG_GROUP, page(*(log_event(n, seconds=4 * n) for n in numbers)))
            writer.append_pages([(LOG_GROUP, fresh)])
            stored += ids(fresh)
        writer.close()

    assert len(stored) == len(set(stored))
    assert set(stored) == {n for numbers in pages for n in numbers}
