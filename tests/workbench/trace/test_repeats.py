"""Log events that a look-back window brings again are left out; everything else is a delivery of its own."""

from pathlib import Path

import pytest

from connectors.record import Page
from tests.factories import LOG_GROUP, QUEUE, log_event, page, sqs_message, write_trace
from workbench.trace import repeats
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


def test_no_more_than_the_newest_ids_are_remembered(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "REMEMBERED", 3)
    known = RepeatedEvents(folder)
    known.without(LOG_GROUP, page(*(log_event(n) for n in range(10, 20))))

    assert ids(known.without(LOG_GROUP, page(log_event(19), log_event(10)))) == [10]
