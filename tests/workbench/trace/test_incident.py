"""What of a window is gone becomes a hole; what is left is read; nothing is added to an account for nothing."""

import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connectors import Available
from connectors.budget import Budgets
from connectors.record import Cause, Checkpoint, Connector, Page, Partition, Span
from tests.scripted_aws.clock import VirtualClock
from tests.workbench.trace.scripted import T0, ScriptedConnector
from workbench.trace import TraceWriter, open_trace
from workbench.trace.capture import capture
from workbench.trace.incident import (
    Window,
    capture_coverage,
    gone_until,
    nothing_left,
    window_around,
    with_hole,
)
from workbench.trace.limits import Limits

GROUP = "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/charge"
QUEUE = "arn:aws:sqs:us-east-1:111111111111:orders-dlq"
TOPIC = "arn:aws:sns:us-east-1:111111111111:orders"
WINDOW = window_around(T0, timedelta(minutes=30))
BEFORE, AFTER = WINDOW.from_at, WINDOW.to_at
LONG_AGO = T0 - timedelta(days=400)


def kept(
    lost_after: timedelta | None, kept_from_at: datetime | None = LONG_AGO, arn: str = GROUP
) -> Available:
    service = "aws:sns" if arn == TOPIC else "aws:logs"
    return Available(arn, service, kept_from_at, lost_after, "")


def read(trace: Path, connector: Connector) -> str:
    clock = VirtualClock(AFTER)
    return capture(
        trace,
        [connector],
        limits=Limits(until=T0 + timedelta(seconds=15), since=BEFORE),
        clock=clock.for_capture(),
        budgets=Budgets(local=True),
        stop=threading.Event(),
    ).capture_id


def test_a_window_reaches_as_far_before_an_instant_as_after_it() -> None:
    assert T0 - BEFORE == AFTER - T0 == timedelta(minutes=30)


@pytest.mark.parametrize(
    ("available", "now", "until"),
    [
        (kept(None), AFTER, None),
        (kept(timedelta(hours=24)), AFTER, None),
        (kept(timedelta(hours=24)), BEFORE + timedelta(hours=24), None),
        (kept(timedelta(hours=24)), T0 + timedelta(hours=24), T0),
        (kept(timedelta(hours=24)), AFTER + timedelta(days=9), AFTER),
        (kept(timedelta(0), None), T0, T0),
        (kept(timedelta(0), None), AFTER + timedelta(days=9), AFTER),
        (kept(timedelta(0), None), BEFORE - timedelta(hours=1), None),
        # Made after all that could have been lost: before that there was nothing.
        (kept(timedelta(minutes=5), T0), T0 + timedelta(minutes=1), None),
    ],
)
def test_gone_is_what_the_service_has_dropped_of_the_window(
    available: Available, now: datetime, until: datetime | None
) -> None:
    assert gone_until(available, WINDOW, now) == until


def test_what_was_gone_is_a_hole_in_front_of_what_is_read(tmp_path: Path) -> None:
    queue = ScriptedConnector(QUEUE, {"": 15}, service="aws:sqs")

    capture_id = read(tmp_path / "t.trace", with_hole(queue, T0, WINDOW))

    with open_trace(tmp_path / "t.trace") as trace:
        holes = trace.sql("select from_at, to_at, cause from coverage where state = 'hole'").rows()
        assert trace.sql("select count(*) from records").item() == 15
    assert holes == [(BEFORE, T0, Cause.TRIMMED)]
    assert queue.closed == 1
    assert capture_coverage(tmp_path / "t.trace", capture_id) == {
        QUEUE: {"holes_by_cause": {"trimmed": 1}, "sealed_until_at": None}
    }


def test_the_hole_is_told_with_the_first_page_alone() -> None:
    late = with_hole(ScriptedConnector(QUEUE, {"": 15}, service="aws:sqs"), T0, WINDOW)

    pages = late.read(Partition(""), None)
    first, second = next(pages), next(pages)
    pages.close()  # type: ignore[attr-defined]

    assert first.spans[0] == Span(BEFORE, T0, Cause.TRIMMED)
    assert all(span.cause is None for span in second.spans)


@pytest.mark.parametrize("service", ["aws:kinesis", "aws:dynamodb", "aws:logs", "aws:sns"])
def test_other_connectors_tell_themselves_what_they_cannot_read(service: str) -> None:
    other = ScriptedConnector("arn", {"a": 1}, service=service)

    assert with_hole(other, T0, WINDOW) is other


def test_a_topic_whose_window_is_over_is_all_hole_and_is_not_asked(tmp_path: Path) -> None:
    capture_id = read(tmp_path / "t.trace", nothing_left(kept(timedelta(0), None, TOPIC), WINDOW))

    with open_trace(tmp_path / "t.trace") as trace:
        [hole] = trace.sql(
            "select source_arn, from_at, to_at, cause from coverage where state = 'hole'"
        ).rows()
    assert hole == (TOPIC, BEFORE, AFTER, Cause.LATEST_START)
    assert capture_coverage(tmp_path / "t.trace", capture_id)[TOPIC]["holes_by_cause"] == {
        "latest_start": 1
    }


def test_a_manifest_speaks_of_its_own_capture_and_says_up_to_when_logs_are_sealed(
    tmp_path: Path,
) -> None:
    captures = []
    for sealed_to in (T0, AFTER):
        writer = TraceWriter(tmp_path / "t.trace", "capture", [GROUP], lambda: T0)
        spans = (
            Span(BEFORE, sealed_to, sealed=True),
            Span(T0, T0 + timedelta(seconds=1), Cause.LOGS_DROPPED),
        )
        writer.append_pages([(GROUP, Page((), Checkpoint("", "x"), spans))])
        writer.close()
        captures.append(writer.capture_id)

    first, second = (capture_coverage(tmp_path / "t.trace", each)[GROUP] for each in captures)

    assert first["sealed_until_at"] == "2026-11-20T10:00:00.000000Z"
    assert second["sealed_until_at"] == "2026-11-20T10:30:00.000000Z"
    assert second["holes_by_cause"] == {"logs_dropped": 1}


def test_a_window_of_no_length_holds_nothing_that_can_be_gone() -> None:
    assert gone_until(kept(timedelta(0), None), Window(T0, T0), T0) is None
