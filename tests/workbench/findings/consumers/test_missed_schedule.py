"""A run is missed only where the schedule is known, the instant was read, and nothing else explains it."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Checkpoint, Page, Record, Resource, Span
from tests.factories import LOG_GROUP, T0, clock, instant, sns_notification, sqs_message
from tests.workbench.logged import REQUEST, invocation
from workbench.findings import Finding, find
from workbench.trace import Trace, TraceWriter, open_trace
from workbench.trace.logged_deliveries import with_logged_deliveries

BUS = "arn:aws:events:us-east-1:111111111111:event-bus/default"
RULE = "arn:aws:events:us-east-1:111111111111:rule/sweep"
QUEUE = "arn:aws:sqs:us-east-1:111111111111:orders"
HOUR = 3_600


def event(seconds: float, rule: str = RULE, number: int | None = None) -> dict[str, Any]:
    """What EventBridge writes, in its order."""
    return {
        "version": "0",
        "id": f"{round(seconds) if number is None else number:08x}-1111-4000-8000-000000000000",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "111111111111",
        "time": instant(seconds).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "us-east-1",
        "resources": [rule],
        "detail": {},
    }


def queued(seconds: float, late: float = 0.5, **of: Any) -> Record:
    """The event in a queue that is the rule's target."""
    body = json.dumps(event(seconds, **of), separators=(",", ":")).encode()
    return sqs_message(round(seconds * 10), body, seconds=seconds + late)


def rule(schedule: str, state: str = "ENABLED", arn: str = RULE, seconds: float = 0) -> Resource:
    answer = {"Name": "sweep", "Arn": arn, "ScheduleExpression": schedule, "State": state}
    return Resource(arn, "describe-rule", instant(seconds), json.dumps(answer))


def trace_with(
    folder: Path,
    records: Iterable[Record],
    resources: Iterable[Resource] = (),
    spans: Iterable[Span] = (Span(instant(-HOUR), instant(48 * HOUR)),),
) -> Trace:
    """A trace whose queue was drained, or whose log group was read, for two days."""
    writer = TraceWriter(folder, "capture", ["test"], clock)
    by_source: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        by_source.setdefault((record.source_arn, record.partition_id), []).append(record)
    for (arn, partition), rows in by_source.items():
        page = Page(tuple(rows), Checkpoint(partition, "x"), tuple(spans))
        writer.append_pages([(arn, with_logged_deliveries(page))])
    writer.append_resources(list(resources))
    writer.close()
    return open_trace(folder)


def missed(trace: Trace, **thresholds: Any) -> list[Finding]:
    return list(find(trace, only=("missed_schedule",), thresholds=thresholds))


def instants(findings: list[Finding]) -> list[float]:
    return [
        (each["expected_at"] - T0).total_seconds()
        for finding in findings
        for each in finding.instances
    ]


def every(seconds: int, count: int, without: Iterable[int] = ()) -> list[Record]:
    return [queued(n * seconds) for n in range(count) if n not in set(without)]


def test_a_run_of_a_cron_that_did_not_come_is_missed(tmp_path: Path) -> None:
    trace = trace_with(tmp_path / "t", every(300, 40, without=[7]), [rule("cron(0/5 * * * ? *)")])

    [finding] = missed(trace)

    [instance] = finding.instances
    assert instance["key"] == f"{RULE}@{instant(2_100):%Y-%m-%dT%H:%M:%SZ}"
    assert len(instance["delivery_ids"]) == 2, "the runs around it"
    assert (finding.source_arn, finding.confidence, finding.severity) == (QUEUE, 1, "fault")
    assert (finding.first_at, finding.last_at) == (instant(1_800), instant(2_400))


def test_hours_and_days_that_the_cron_leaves_out_are_not_missed(tmp_path: Path) -> None:
    working = [queued(n * 1_800) for n in range(24) if n % 8 < 6 and n != 3]
    hours = "cron(0/30 10-12,14-16,18-20 ? * * *)"

    assert instants(missed(trace_with(tmp_path / "t", working, [rule(hours)]))) == [3 * 1_800]


def test_runs_of_a_rate_are_judged_one_by_the_other_because_it_drifts(tmp_path: Path) -> None:
    drifting = [queued(n * 301) for n in range(60) if n not in (10, 11, 40)]

    trace = trace_with(tmp_path / "t", drifting, [rule("rate(5 minutes)")])

    assert instants(missed(trace)) == pytest.approx([3_010, 3_311, 12_040], abs=2)


@pytest.mark.parametrize(
    "looks",
    [
        [rule("cron(0/5 * * * ? *)", "DISABLED")],
        [rule("cron(0/5 * * * ? *)"), rule("cron(0/5 * * * ? *)", "DISABLED", seconds=9)],
        [rule("cron(0/5 * * * ? *)"), rule("cron(0/7 * * * ? *)", seconds=9)],
        [rule("cron(3/7 * * * ? *)")],
        [rule("rate(7 minutes)")],
        [rule("cron(nonsense)")],
    ],
    ids=["disabled", "disabled later", "changed", "another", "another rate", "unreadable"],
)
def test_a_rule_that_may_have_been_off_or_otherwise_is_not_judged(
    tmp_path: Path, looks: list[Resource]
) -> None:
    assert missed(trace_with(tmp_path / "t", every(300, 40, without=[7]), looks)) == []


def test_nothing_is_claimed_before_the_first_run_or_after_the_last(tmp_path: Path) -> None:
    records = [queued(n * 300) for n in range(20, 60)]

    assert missed(trace_with(tmp_path / "t", records, [rule("cron(0/5 * * * ? *)")])) == []


@pytest.mark.parametrize(
    "spans",
    [
        [
            Span(instant(-HOUR), instant(48 * HOUR)),
            Span(instant(2_000), instant(2_200), "throttled_skip"),
        ],
        [Span(instant(-HOUR), instant(2_000)), Span(instant(2_300), instant(48 * HOUR))],
        [Span(instant(-HOUR), instant(48 * HOUR), "sampled")],
    ],
    ids=["a hole", "between two spans", "a peek"],
)
def test_an_instant_that_was_not_read_is_not_missed(tmp_path: Path, spans: list[Span]) -> None:
    records = every(300, 40, without=[7])

    assert missed(trace_with(tmp_path / "t", records, [rule("cron(0/5 * * * ? *)")], spans)) == []


def test_a_late_run_is_the_run_within_the_tolerance(tmp_path: Path) -> None:
    records = [*every(300, 40, without=[7]), queued(2_100 + 40)]
    trace = trace_with(tmp_path / "t", records, [rule("cron(0/5 * * * ? *)")])

    assert missed(trace) == []
    assert instants(missed(trace, tolerance_ms=10_000)) == [2_100]


def test_late_and_doubled_runs_are_notes(tmp_path: Path) -> None:
    records = [*every(300, 40, without=[7, 9]), queued(2_700, late=200), queued(3_000, number=5)]
    records[-1] = replace(records[-1], record_id="another")

    [finding] = missed(trace_with(tmp_path / "t", records, [rule("cron(0/5 * * * ? *)")]))

    assert finding.notes == (
        f"{RULE}: 1 run late, 1 doubled, 0 still worked on when the next began",
    )


def test_a_run_delivered_twice_is_one_run(tmp_path: Path) -> None:
    records = every(300, 40, without=[7])

    [finding] = missed(trace_with(tmp_path / "t", records * 2, [rule("cron(0/5 * * * ? *)")]))

    assert (finding.count, finding.deliveries, finding.notes) == (1, 2, ())


def test_without_the_rule_a_regular_schedule_tells_itself_with_less_confidence(
    tmp_path: Path,
) -> None:
    [finding] = missed(trace_with(tmp_path / "t", every(300, 100, without=[50])))

    assert instants([finding]) == [15_000]
    assert finding.confidence == 99 / 100
    assert finding.instances[0]["schedule"] is None


@pytest.mark.parametrize(
    "records",
    [
        [queued(n * 600) for n in range(200) if n % 144 < 60],
        [queued(h * HOUR + m * 600) for h in range(30) for m in range(6) if m != 5],
        [queued(h * HOUR + m * 120) for h in range(6) for m in range(30) if m != 29],
        [queued(n * HOUR) for n in range(47) if n % 24 != 23],
        [queued(n * 2_700) for n in range(60)],
        every(300, 15, without=[7]),
        [queued(n * 24 * HOUR / 24 * (1 if n % 7 < 5 else 1.31)) for n in range(40)],
    ],
    ids=[
        "ten hours a day",
        "not at :50",
        "not at :58",
        "not at 23",
        "every 45 minutes",
        "few runs",
        "irregular",
    ],
)
def test_what_a_cron_may_leave_out_is_not_guessed(tmp_path: Path, records: list[Record]) -> None:
    assert missed(trace_with(tmp_path / "t", records)) == []


def test_a_few_samples_of_a_schedule_are_no_proof_that_the_rest_did_not_come(
    tmp_path: Path,
) -> None:
    cron = rule("cron(0/5 * * * ? *)")

    assert missed(trace_with(tmp_path / "few", every(3_000, 5), [cron], spans=[])) == []

    [finding] = missed(trace_with(tmp_path / "all", every(300, 60, without=[7]), [cron], spans=[]))
    assert finding.confidence == 59 / 60


def printed(seconds: float, number: int) -> list[Record]:
    """An invocation that prints the event it was given."""
    text = (
        f"[INFO]\t2026-11-20T10:00:00.490Z\t{REQUEST.format(number)}\t{json.dumps(event(seconds))}"
    )
    return list(invocation(number, seconds + 1, lines=(text,)))


def test_printed_events_are_runs_and_a_silent_invocation_may_be_one(tmp_path: Path) -> None:
    lines = [line for n in range(1, 40) if n != 7 for line in printed(n * 300, n)]
    cron = rule("cron(0/5 * * * ? *)")

    [finding] = missed(trace_with(tmp_path / "missed", lines, [cron]))
    assert (finding.source_arn, finding.confidence) == (BUS, 1)
    assert instants([finding]) == [2_100]

    silent = [*lines, *invocation(900, 2_102)]
    assert missed(trace_with(tmp_path / "silent", silent, [cron])) == []

    hole = [
        Span(instant(0), instant(48 * HOUR)),
        Span(instant(2_100), instant(2_101), "throttled_skip"),
    ]
    assert missed(trace_with(tmp_path / "hole", lines, [cron], hole)) == []
    assert LOG_GROUP in {line.source_arn for line in lines}


def test_events_of_a_topic_are_runs_too(tmp_path: Path) -> None:
    records = [
        sns_notification(
            n, json.dumps(event(n * 300), separators=(",", ":")).encode(), seconds=n * 300
        )
        for n in range(40)
        if n != 7
    ]

    [finding] = missed(trace_with(tmp_path / "t", records, [rule("cron(0/5 * * * ? *)")]))

    assert instants([finding]) == [2_100]


@pytest.mark.parametrize(
    "body",
    [
        b'{"version":"0","id":"x","detail-type":"Scheduled Event","source":"aws.events"',
        b'{"version":"0","id":"x","detail-type":"Scheduled Event","source":"aws.events","time":5,"resources":"x"}',
        b'{"version":"0","id":"\\ud800","detail-type":"Scheduled Event","source":"aws.events","time":"9999-99-99"}',
        b'{"version":"0","id":"' + b"[" * 100_000,
        b'{"version":"0","id":"\xff"}',
    ],
)
def test_what_only_begins_like_an_event_is_none(tmp_path: Path, body: bytes) -> None:
    records = [*every(300, 40, without=[7]), sqs_message(1, body, seconds=2_100)]

    assert missed(trace_with(tmp_path / "t", records, [rule("cron(0/5 * * * ? *)")]))


def test_two_rules_are_two_schedules(tmp_path: Path) -> None:
    other = RULE + "-other"
    records = [*every(300, 40, without=[7]), *(queued(n * 300 + 60, rule=other) for n in range(40))]

    [finding] = missed(
        trace_with(
            tmp_path / "t",
            records,
            [rule("cron(0/5 * * * ? *)"), rule("cron(1/5 * * * ? *)", arn=other)],
        )
    )

    assert instants([finding]) == [2_100]


@settings(max_examples=10, deadline=None)
@given(
    gone=st.sets(st.integers(1, 58), max_size=20),
    again=st.lists(st.integers(0, 39), max_size=10),
    turn=st.randoms(use_true_random=False),
)
def test_exactly_what_is_taken_away_is_missed(
    tmp_path_factory: pytest.TempPathFactory, gone: set[int], again: list[int], turn: Any
) -> None:
    records = every(300, 60, without=gone)
    records += [records[n] for n in again if n < len(records)]
    turn.shuffle(records)

    trace = trace_with(tmp_path_factory.mktemp("t") / "t", records, [rule("cron(0/5 * * * ? *)")])

    assert instants(missed(trace)) == [n * 300 for n in sorted(gone)]
