"""What is known to be missing of a log group, with bounds that hold."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.answers import instant_of_ms, ms_of
from connectors.lambda_logs.losses import dropped_span, gone_since, lost_before
from connectors.lambda_logs.position import LogPosition
from tests.scripted_aws.clock import START, VirtualClock
from tests.scripted_aws.faults import Fault, aws_error
from tests.scripted_aws.logs import ScriptedLogs

DROPPED = (
    '{"time":"2026-01-05T10:02:00Z","type":"platform.logsDropped","record":{"droppedRecords":1}}'
)
HOUR_AGO = ms_of(START) - 3_600_000


def line(message: str, stream: str = "s") -> dict[str, Any]:
    return {"timestamp": 5000, "message": message, "logStreamName": stream}


def test_dropped_lines_are_younger_than_the_line_before_and_no_younger_than_the_one_that_says_so() -> (
    None
):
    span = dropped_span(line(DROPPED), 2000, 0)

    assert span is not None
    assert (span.from_at, span.to_at) == (instant_of_ms(2000), instant_of_ms(5001))


def test_where_no_line_before_is_known_the_day_in_the_streams_name_bounds_it() -> None:
    day = datetime(2026, 1, 5, tzinfo=UTC)
    event = line(DROPPED, "2026/01/05/[$LATEST]0123") | {"timestamp": ms_of(day) + 5000}
    span = dropped_span(event, None, 0)

    assert span is not None
    assert span.from_at == day


def test_a_stream_with_any_other_name_is_bounded_by_what_was_asked_for() -> None:
    for name in ("s", "2026/13/45/[$LATEST]0123"):
        span = dropped_span(line(DROPPED, name), None, 1000)
        assert span is not None
        assert span.from_at == instant_of_ms(1000)


@pytest.mark.parametrize(
    "message",
    [
        "platform.logsDropped",
        '"platform.logsDropped" {',
        '{"message": "we saw \\"platform.logsDropped\\" today"}',
        '{"type":"platform.logsDropped"}',
        '{"type":"platform.logsDropped","record":"x"}',
        '{"note":"platform.logsDropped","record":{"droppedRecords":1}}',
        '["platform.logsDropped"]',
        '{"type":"platform.logsDropped","record":' + "[" * 100_000,
    ],
)
def test_a_line_that_merely_speaks_of_it_is_no_loss(message: str) -> None:
    assert dropped_span(line(message), 0, 0) is None


def lost(logs: ScriptedLogs, *, resumed: bool) -> list[tuple[str | None, datetime, datetime]]:
    position = LogPosition(HOUR_AGO, HOUR_AGO, HOUR_AGO)
    _, spans = lost_before(position, logs, logs.group, START, resumed=resumed)
    return [(span.cause, span.from_at, span.to_at) for span in spans]


def test_a_group_that_keeps_all_and_was_there_has_lost_nothing() -> None:
    assert lost(ScriptedLogs(VirtualClock()), resumed=True) == []


def test_a_group_younger_than_what_was_asked_for_lost_nothing_unless_it_was_read_before() -> None:
    logs = ScriptedLogs(VirtualClock())
    logs.state.created_ms = ms_of(START)

    assert lost(logs, resumed=False) == []
    assert lost(logs, resumed=True) == [("gone", START - timedelta(hours=1), START)]


def test_nothing_is_claimed_where_we_may_not_ask() -> None:
    denied = Fault(error=aws_error("AccessDeniedException"))
    logs = ScriptedLogs(VirtualClock(), faults=lambda *_: denied, retention_days=1)

    assert lost(logs, resumed=True) == []


def test_another_group_whose_name_begins_alike_is_not_taken_for_it() -> None:
    logs = ScriptedLogs(VirtualClock(), group="/aws/lambda/pay-more", retention_days=0)
    position = LogPosition(HOUR_AGO, HOUR_AGO, HOUR_AGO)

    assert lost_before(position, logs, "/aws/lambda/pay", START, resumed=True)[1] == ()


def test_a_deleted_groups_hole_ends_now_and_a_new_one_is_read_from_there() -> None:
    left, hole = gone_since(LogPosition(0, 0, HOUR_AGO), START)

    assert (hole.from_at, hole.to_at) == (START - timedelta(hours=1), START)
    assert left.read_to_ms == ms_of(START)
