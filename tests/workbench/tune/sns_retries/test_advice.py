"""`tune.delivery_policy` of a policy and of captured attempts."""

import json
from datetime import timedelta

import numpy as np
import pytest

from connectors.record import Record, Resource
from tests.workbench.findings.traces import T0, at, message, trace_of
from workbench.errors import UsageError
from workbench.trace import TraceWriter
from workbench.tune import delivery_policy
from workbench.tune.sns_retries.policy import Policy

TOPIC = "arn:aws:sns:us-east-1:111111111111:orders"
GROUP = "arn:aws:logs:us-east-1:111111111111:log-group:sns/us-east-1/111111111111/orders/Failure"
ENDPOINT = "https://hooks.example.com/orders"
POLICY = Policy(
    retries=12,
    min_delay_s=2,
    max_delay_s=30,
    min_delay_retries=3,
    max_delay_retries=3,
    curve="linear",
)


def logged(number, message_id, published_s, dwell_s, status="FAILURE"):
    """An entry of delivery status logging, as AWS writes it."""
    said = {
        "notification": {
            "messageId": message_id,
            "topicArn": TOPIC,
            "timestamp": (T0 + timedelta(seconds=published_s)).strftime("%Y-%m-%d %H:%M:%S.%f")[
                :-3
            ],
        },
        "delivery": {
            "destination": ENDPOINT,
            "dwellTimeMs": round(dwell_s * 1_000),
            "attempts": 1,
            "statusCode": 503,
        },
        "status": status,
    }
    return Record(
        service="aws:logs",
        source_arn=GROUP,
        partition_id="stream",
        record_id=f"event-{number}",
        source_at=at(published_s + dwell_s + 0.3),
        received_at=at(published_s + dwell_s + 5),
        body=json.dumps(said).encode(),
    )


def attempts_of(messages):
    random = np.random.default_rng(1)
    records = []
    for place in range(messages):
        moved = POLICY.delays_s() * (1 + random.uniform(-0.03, 0.03, POLICY.retries))
        for dwell_s in [0.05, *(0.05 + np.cumsum(moved))]:
            records.append(logged(len(records), f"m-{place}", 10.0 * place, float(dwell_s)))
    return records


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    with trace_of(tmp_path_factory.mktemp("sns") / "t", attempts_of(20)) as opened:
        yield opened


def test_the_document_of_a_policy_has_its_attempts():
    document = delivery_policy({"healthyRetryPolicy": {"numRetries": 2}}).document()

    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["attempts"] == [
        {"attempt": 1, "phase": "first", "delay_s": 0, "at_s": 0},
        {"attempt": 2, "phase": "backoff", "delay_s": 20, "at_s": 20},
        {"attempt": 3, "phase": "backoff", "delay_s": 20, "at_s": 40},
    ]
    assert document["told_by"] == "given"
    assert document["outage"] is None


def test_a_schedule_of_aws_own_is_cut_in_the_document_and_whole_in_the_frame():
    found = delivery_policy("sqs")

    assert len(found.document()["attempts"]) == 200
    assert found.to_frame().height == found.document()["attempts_total"] == 100_016


def test_captured_attempts_tell_their_policy(trace):
    found = delivery_policy(trace, TOPIC)

    assert found.told_by == "fitted"
    assert found.attempts.height == 20 * 13
    assert found.policy is not None
    assert found.policy.delays_s() == pytest.approx(POLICY.delays_s(), rel=0.05)
    assert found.document()["captured"] == {
        "messages": 20, "attempts": 260, "endpoints": [ENDPOINT],
    }  # fmt: skip
    assert json.dumps(found.document(), allow_nan=False)


def test_a_given_policy_is_held_against_the_attempts(trace):
    right = delivery_policy(trace, TOPIC, policy=POLICY.to_aws())
    wrong = delivery_policy(trace, TOPIC, policy=Policy(retries=50).to_aws())

    assert (right.fits[0].name, right.fits[0].explains) == ("given", True)
    assert not next(each for each in wrong.fits if each.name == "given").explains


def test_the_policy_that_the_subscription_has_is_shown_and_held_against_the_attempts(tmp_path):
    told = {
        "Attributes": {
            "SubscriptionArn": f"{TOPIC}:1",
            "TopicArn": TOPIC,
            "Protocol": "https",
            "Endpoint": ENDPOINT,
            "EffectiveDeliveryPolicy": json.dumps(POLICY.to_aws()),
        }
    }
    trace = trace_of(tmp_path / "t", attempts_of(3))
    writer = TraceWriter(trace.path, "import", [], lambda: T0)
    writer.append_resources([Resource(TOPIC, "get-subscription-attributes", T0, json.dumps(told))])
    writer.close()
    with trace.refresh() as opened:
        found = delivery_policy(opened, "sns:orders")

    assert found.told_by == f"captured {TOPIC}:1"
    assert found.fits[0].name == found.told_by
    assert found.policy == POLICY


def test_the_rate_of_an_outage_is_the_captured_one(trace):
    found = delivery_policy(trace, TOPIC, outage_s=60)

    assert found.outage is not None
    assert found.outage.rate_per_second == pytest.approx(0.1)


def test_an_endpoints_own_requests_are_attempts(tmp_path):
    body = {"Type": "Notification", "MessageId": "m-1", "TopicArn": TOPIC, "Message": "x"}
    requests = [
        Record(
            service="aws:apigateway",
            source_arn="arn:aws:execute-api:us-east-1:111111111111:api/prod",
            partition_id="",
            record_id=f"r-{place}",
            source_at=at(seconds),
            received_at=at(seconds),
            body=json.dumps(body).encode(),
        )
        for place, seconds in enumerate((0, 20, 40, 60))
    ]
    with trace_of(tmp_path / "t", requests) as trace:
        found = delivery_policy(trace, TOPIC)

    assert found.told_by == "aws_http"
    assert found.fits[0].residual == 0


def test_without_attempts_the_answer_says_what_to_capture(tmp_path):
    with trace_of(tmp_path / "t", [message("m-1", {}, 0)]) as trace:
        found = delivery_policy(trace, TOPIC)

        assert found.is_complete is False
        assert found.document()["attempts"] == []
        assert "delivery status logging" in found.notes[0]
        with pytest.raises(UsageError, match="wanted a topic"):
            delivery_policy(trace, "sqs:orders")
        with pytest.raises(UsageError, match="pass source"):
            delivery_policy(trace)


def test_an_outage_without_a_rate_is_refused():
    with pytest.raises(UsageError, match="rate"):
        delivery_policy("http", outage_s=60)
