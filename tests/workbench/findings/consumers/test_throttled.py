"""A throttle is told in AWS's own words; a storm of them is one instance."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.factories import ACCOUNT, LOG_GROUP, instant, log_event, sqs_message
from tests.workbench.findings.consumers.stories import found
from tests.workbench.trace.invoked import invoked, printed
from workbench.findings import Finding

Throttled = Callable[..., list[Finding]]
CODE = "ProvisionedThroughputExceededException"
BOTO = f"An error occurred ({CODE}) when calling the PutItem operation: too fast"
API_LOG = f"arn:aws:logs:{ACCOUNT}:log-group:API-Gateway-Access-Logs_a1"


@pytest.fixture
def throttled(tmp_path: Path) -> Throttled:
    return lambda *groups, **more: found("throttled", tmp_path / "t.trace", *groups, **more)


def line(level: str, message: str, **more: Any) -> str:
    return json.dumps({"level": level, "message": message, **more})


@pytest.mark.parametrize(
    ("text", "error", "operation"),
    [
        (f"[INFO]\t2026-11-20T10:00:00.000Z\tx\t{BOTO}", CODE, "PutItem"),
        (line("ERROR", "failed", exception=BOTO), CODE, "PutItem"),
        ("ThrottlingException: Rate exceeded", "ThrottlingException", None),
        (line("WARN", "SlowDown from the bucket, backing off"), "SlowDown", None),
        (line("ERROR", "Rate exceeded"), "Rate exceeded", None),
        (
            line("ERROR", "x", errorType="TooManyRequestsException", errorMessage="Rate Exceeded."),
            "TooManyRequestsException",
            None,
        ),
        (
            "x (Service: AmazonKinesis; Status Code: 400; Error Code: ThrottlingException; Request ID: 1)",
            "ThrottlingException",
            None,
        ),
    ],
)
def test_a_line_in_the_words_of_aws_tells_of_a_throttle(
    text: str, error: str, operation: str | None, throttled: Throttled
) -> None:
    (finding,) = throttled(invoked(1, text, at=2))

    (instance,) = finding.instances
    assert finding.source_arn == LOG_GROUP
    assert instance["key"] == "charge"
    assert (instance["error"], instance["operation"]) == (error, operation)
    assert (instance["lines"], instance["requests"]) == (1, 1)


@pytest.mark.parametrize(
    "text",
    [
        line("INFO", "retries on ThrottlingException and SlowDown"),
        line("DEBUG", "Rate exceeded is retried"),
        line("ERROR", "status 4290 for order 429"),
        line("ERROR", "the customer is throttling the pump"),
        json.dumps({"status": 429, "message": "limit of the shop"}),
        line("ERROR", "LimitExceededException: too many tables"),
        printed(sqs_message(1, {"note": BOTO})),
        "ThrottlingExceptionHandler ready",
        '{"level":"ERROR","message":"429',
        "429" * 3_000,
    ],
)
def test_a_line_that_only_sounds_like_it_tells_nothing(text: str, throttled: Throttled) -> None:
    assert throttled(invoked(1, text, at=2)) == []


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"requestId": "r", "httpMethod": "GET", "status": "429"}),
        json.dumps({"requestId": "r", "routeKey": "GET /", "status": 429}),
        '1.2.3.4 - - [20/Nov/2026:10:00:00 +0000] "GET /o HTTP/1.1" 429 42 r',
    ],
)
def test_an_access_log_tells_of_callers_that_were_refused(text: str, throttled: Throttled) -> None:
    (finding,) = throttled([log_event(1, text, group=API_LOG)])

    assert finding.instances[0]["key"] == "API-Gateway-Access-Logs_a1"
    assert finding.instances[0]["error"] == "HTTP 429"
    assert finding.confidence == 1.0


def storm(first: int, count: int, at: float, text: str = BOTO) -> list[Any]:
    return [
        event
        for n in range(count)
        for event in invoked(first + n, text, at=at + n, lasting=0.5, log_stream=f"s{first + n}")
    ]


def test_a_storm_is_one_instance_until_it_is_quiet(throttled: Throttled) -> None:
    (finding,) = throttled(storm(1, 30, at=0), storm(100, 5, at=120))

    assert [(each["lines"], each["requests"]) for each in finding.instances] == [(30, 30), (5, 5)]
    assert finding.instances[0]["from"] == instant(0.5 / 3)
    assert finding.instances[0]["to"] == instant(29 + 0.5 / 3)
    assert throttled(throttle_quiet_ms=500)[0].count == 35, "the same trace"


def test_different_errors_and_functions_are_different_instances(throttled: Throttled) -> None:
    other = BOTO.replace("PutItem", "Query")
    elsewhere = invoked(9, BOTO, at=3, group=LOG_GROUP.replace("charge", "audit"))

    findings = throttled(storm(1, 3, at=0), storm(50, 2, at=0.2, text=other), elsewhere)

    assert sorted(
        (finding.instances[0]["key"], each["operation"], each["lines"])
        for finding in findings
        for each in finding.instances
    ) == [("audit", "PutItem", 1), ("charge", "PutItem", 3), ("charge", "Query", 2)]


def test_a_warning_in_other_words_is_a_little_less_certain(throttled: Throttled) -> None:
    (finding,) = throttled(invoked(1, BOTO, line("WARN", f"{CODE}, backing off"), at=2))

    assert finding.confidence == pytest.approx(0.95)


@settings(max_examples=5, deadline=None, phases=[Phase.generate])
@given(st.randoms(use_true_random=False))
def test_spans_do_not_follow_from_the_order_of_writing(shuffled: Random) -> None:
    events = [*storm(1, 5, at=0), *storm(100, 5, at=120)]
    shuffled.shuffle(events)

    with TemporaryDirectory() as aside:
        (finding,) = found("throttled", Path(aside, "t.trace"), events)

    assert [each["lines"] for each in finding.instances] == [5, 5]
