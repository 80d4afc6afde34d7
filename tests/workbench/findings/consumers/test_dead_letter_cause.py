"""Why a message is in a dead-letter queue is said where records or lines tell it; else it is unknown."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.record import Record, Resource, Span
from tests.factories import (
    ACCOUNT,
    LOG_GROUP,
    QUEUE,
    clock,
    instant,
    page,
    sqs_message,
    write_trace,
)
from tests.workbench.findings.consumers.stories import found
from tests.workbench.trace.invoked import consumed_by, invoked, printed, queue_attributes, request
from workbench.findings import Finding, find
from workbench.trace import TraceWriter, open_trace

DLQ = f"arn:aws:sqs:{ACCOUNT}:orders-dlq"
CONFIGURED = [consumed_by(), queue_attributes(QUEUE, dead_letter=DLQ)]
Caused = Callable[..., list[Finding]]


@pytest.fixture
def caused(tmp_path: Path) -> Caused:
    return lambda *groups, **more: found("dead_letter_cause", tmp_path / "t.trace", *groups, **more)


def dead(number: int = 1, body: Any = None, *, origin: str | None = None, **user: str) -> Record:
    """A message in the dead-letter queue, found there 100 s after it was sent."""
    message = sqs_message(number, body, queue=DLQ)
    system = json.loads(message.attributes)["system"]
    system |= {"DeadLetterQueueSourceArn": origin} if origin else {}
    values = {name: {"StringValue": value, "DataType": "String"} for name, value in user.items()}
    attributes = json.dumps({"system": system, "user": values}, separators=(",", ":"))
    return replace(message, attributes=attributes, received_at=instant(100))


def attempts(*endings: dict[str, Any], number: int = 1, every: float = 30) -> list[Record]:
    """Attempts that name the message, each with its ending."""
    line = f"got {sqs_message(number).record_id}"
    return [
        event
        for n, ending in enumerate(endings, 1)
        for event in invoked(
            100 * number + n, line, at=every * n - 20, log_stream=f"{number}-{n}", **ending
        )
    ]


def only(findings: list[Finding]) -> dict[str, Any]:
    (finding,) = findings
    (instance,) = finding.instances
    assert finding.source_arn == DLQ
    return instance


RAISED: dict[str, Any] = {"raised": "ValueError: order 7"}
SLOW: dict[str, Any] = {"timed_out": True}
FULL: dict[str, Any] = {"killed": True}


@pytest.mark.parametrize(
    ("ending", "cause", "signature"),
    [
        (RAISED, "error", "ValueError: order #"),
        (SLOW, "timeout", None),
        (FULL, "memory", None),
    ],
)
def test_the_last_attempt_says_the_cause(
    ending: dict[str, Any], cause: str, signature: str | None, caused: Caused
) -> None:
    instance = only(caused([dead()], attempts(ending, ending, ending), resources=CONFIGURED))

    assert instance["key"] == sqs_message(1).record_id
    assert (instance["cause"], instance["signature"]) == (cause, signature)
    assert (instance["attempts"], instance["max_receive_count"]) == (3, 3)
    assert instance["origin_arn"] == QUEUE
    assert instance["confidence"] == 1.0
    assert len(instance["delivery_ids"]) == 1 + 3 * 3


def test_attempts_that_ended_otherwise_or_left_no_line_make_the_cause_less_certain(
    caused: Caused,
) -> None:
    instance = only(caused([dead()], attempts(SLOW, RAISED), resources=CONFIGURED))

    assert (instance["cause"], instance["confidence"]) == ("error", pytest.approx(1 / 3))


def test_the_message_in_its_own_queue_is_the_same_message(caused: Caused) -> None:
    instance = only(caused([sqs_message(1), dead()], attempts(RAISED), resources=CONFIGURED))

    assert instance["cause"] == "error"


def test_without_any_configuration_the_message_itself_says_where_it_was(caused: Caused) -> None:
    instance = only(caused([dead(origin=QUEUE), sqs_message(1)], attempts(RAISED, RAISED)))

    assert (instance["origin_arn"], instance["cause"], instance["attempts"]) == (QUEUE, "error", 2)
    assert instance["max_receive_count"] is None


def test_without_logs_the_cause_is_unknown(caused: Caused) -> None:
    (finding,) = caused([dead(origin=QUEUE)])

    assert finding.instances[0]["cause"] == "unknown"
    assert "unknown" in finding.summary


def test_lines_of_functions_that_do_not_consume_the_queue_say_nothing(caused: Caused) -> None:
    elsewhere = [consumed_by("other"), queue_attributes(QUEUE, dead_letter=DLQ)]

    assert only(caused([dead()], attempts(RAISED), resources=elsewhere))["cause"] == "unknown"


def test_a_success_after_the_visibility_had_run_out_came_too_late(caused: Caused) -> None:
    late = attempts({"lasting": 40}, {"lasting": 40}, {"lasting": 40}, every=35)

    instance = only(caused([dead()], late, resources=CONFIGURED))

    assert (instance["cause"], instance["confidence"]) == ("visibility", 1.0)


def test_a_success_in_time_is_no_cause(caused: Caused) -> None:
    assert only(caused([dead()], attempts({}, {}), resources=CONFIGURED))["cause"] == "unknown"


def test_a_success_that_reports_failures_is_an_error(caused: Caused) -> None:
    partial = [consumed_by(partial=True), queue_attributes(QUEUE, dead_letter=DLQ)]
    said = json.dumps({"level": "ERROR", "message": f"refused {dead().record_id}"})
    lines = invoked(1, said, at=5)

    assert only(caused([dead()], lines, resources=partial))["signature"] == "refused #"
    silent = only(caused([dead()], attempts({}), resources=partial))
    assert (silent["cause"], silent["signature"]) == ("error", "in batchItemFailures")


def others(count: int, named: int | None = None) -> list[Record]:
    """Other messages handled well meanwhile, so many of them named."""
    named = count if named is None else named
    messages = [sqs_message(500 + n, seconds=n) for n in range(count)]
    logs = [
        invoked(500 + n, f"got {m.record_id}" if n < named else "got it", at=n + 0.1, lasting=0.5)
        for n, m in enumerate(messages)
    ]
    return [*messages, *(event for log in logs for event in log)]


def with_logs_read(
    folder: Path, records: list[Record], resources: list[Resource], *spans: Span
) -> dict[str, Any]:
    """The cause, where the log group was read as the spans say."""
    logs = [record for record in records if record.source_arn == LOG_GROUP]
    rest = [record for record in records if record.source_arn != LOG_GROUP]
    writer = TraceWriter(folder, "capture", ["test"], clock)
    writer.append_pages([(LOG_GROUP, page(*logs, spans=spans))])
    for source in sorted({record.source_arn for record in rest}):
        writer.append_pages([(source, page(*(r for r in rest if r.source_arn == source)))])
    writer.append_resources(resources)
    writer.close()
    with open_trace(folder) as trace:
        return only(list(find(trace, only=["dead_letter_cause"])))


READ = Span(instant(-60), instant(200))


def test_no_line_at_all_while_all_others_leave_theirs_is_a_throttle(tmp_path: Path) -> None:
    instance = with_logs_read(tmp_path / "t", [dead(), *others(30)], CONFIGURED, READ)

    assert (instance["cause"], instance["attempts"]) == ("throttle", 0)
    assert instance["confidence"] == pytest.approx(1 - (1 / 32) ** 3)


@pytest.mark.parametrize(
    ("records", "resources", "spans"),
    [
        pytest.param([dead(), *others(30)], CONFIGURED, [Span(instant(5), instant(200))], id="sent before the log"),
        pytest.param([dead(), *others(30)], CONFIGURED, [Span(instant(-60), instant(90))], id="log ends before"),
        pytest.param(
            [dead(), *others(30)], CONFIGURED, [READ, Span(instant(50), instant(60), "unreadable")], id="hole"
        ),
        pytest.param([dead(), *others(30, named=10)], CONFIGURED, [READ], id="ids are not always logged"),
        pytest.param([dead(), *others(5)], CONFIGURED, [READ], id="too few others"),
        pytest.param([dead(), *others(30)], CONFIGURED[1:], [READ], id="function not known"),
        pytest.param([dead(origin=QUEUE), *others(30)], CONFIGURED[:1], [READ], id="policy not known"),
    ],
)  # fmt: skip
def test_absence_proves_nothing_where_a_line_could_be_missing(
    records: list[Record], resources: list[Resource], spans: list[Span], tmp_path: Path
) -> None:
    assert with_logs_read(tmp_path / "t", records, resources, *spans)["cause"] == "unknown"


def failure_record(condition: str, **more: Any) -> dict[str, Any]:
    function = "arn:aws:lambda:us-east-1:111111111111:function:charge:$LATEST"
    context = {"requestId": request(1), "functionArn": function, "condition": condition}
    return {"version": "1.0", "requestContext": context | {"approximateInvokeCount": 3}, **more}


def raised(error_type: str, message: str) -> dict[str, Any]:
    return {"responsePayload": {"errorType": error_type, "errorMessage": message}}


@pytest.mark.parametrize(
    ("body", "cause", "signature"),
    [
        (failure_record("RetriesExhausted", **raised("KeyError", "'id'")), "error", "KeyError: *"),
        (
            failure_record("RetriesExhausted", **raised("Sandbox.Timedout", "Task timed out after 3.00 seconds")),
            "timeout",
            None,
        ),
        (failure_record("EventAgeExceeded"), "expiry", None),
        (failure_record("RecordAgeExceeded", KinesisBatchInfo={"shardId": "s"}), "expiry", None),
        (failure_record("RetryAttemptsExhausted", KinesisBatchInfo={}), "unknown", None),
        ({"requestContext": {"requestId": "x"}, "condition": "new"}, "unknown", None),
    ],
)  # fmt: skip
def test_a_failure_record_says_the_cause_itself(
    body: dict[str, Any], cause: str, signature: str | None, caused: Caused
) -> None:
    instance = only(caused([dead(1, body)]))

    assert (instance["cause"], instance["signature"]) == (cause, signature)


def test_a_stream_s_failure_record_leads_to_the_log_of_its_request(caused: Caused) -> None:
    body = failure_record("RetryAttemptsExhausted", DDBStreamBatchInfo={"shardId": "s"})

    instance = only(caused([dead(1, body)], invoked(1, at=2, killed=True)))

    assert (instance["cause"], instance["attempts"]) == ("memory", 1)


def test_a_function_s_own_dead_letter_queue_says_it_in_attributes(caused: Caused) -> None:
    message = dead(RequestID=request(1), ErrorCode="200", ErrorMessage="no amount in 17")

    instance = only(caused([message]))

    assert (instance["cause"], instance["signature"]) == ("error", "no amount in #")


@pytest.mark.parametrize(
    "body",
    [b"\xff", b'{"requestContext":{"condition":' * 900, b'{"requestContext":1,"condition":NaN}'],
)
def test_a_hostile_body_has_an_unknown_cause(body: bytes, caused: Caused) -> None:
    assert only(caused([dead(1, body, origin=QUEUE)]))["cause"] == "unknown"


def test_a_queue_that_is_no_dead_letter_queue_has_no_causes(caused: Caused) -> None:
    assert caused([sqs_message(1)], attempts(RAISED), resources=[consumed_by()]) == []


def test_a_record_is_not_called_poison_in_its_dead_letter_queue_too(tmp_path: Path) -> None:
    log = [*attempts(RAISED, RAISED, RAISED), *others(90)]
    with write_trace(tmp_path / "t.trace", [sqs_message(1), dead(), *log], CONFIGURED) as trace:
        findings = find(trace, only=["poison_record", "dead_letter_cause"])

    assert [(each.kind, each.source_arn) for each in findings] == [
        ("poison_record", QUEUE),
        ("dead_letter_cause", DLQ),
    ]


def test_a_batch_mate_s_printed_event_counts_for_both(caused: Caused) -> None:
    batch = [sqs_message(1), sqs_message(2)]
    log = invoked(1, printed(*batch), at=5, raised="ValueError: x")

    (finding,) = caused([dead(1), dead(2)], log, resources=CONFIGURED)

    assert [each["cause"] for each in finding.instances] == ["error", "error"]
