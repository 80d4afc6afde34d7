"""Delivery policies: AWS's documented schedules, its bounds, and the curves between."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import UsageError
from workbench.tune.sns_retries.policy import CURVES, MANAGED, PHASES, Policy, backoff_s

FIFTY = {
    "healthyRetryPolicy": {
        "minDelayTarget": 1,
        "maxDelayTarget": 60,
        "numRetries": 50,
        "numNoDelayRetries": 3,
        "numMinDelayRetries": 2,
        "numMaxDelayRetries": 35,
        "backoffFunction": "exponential",
    },
    "throttlePolicy": {"maxReceivesPerSecond": 10},
}


def test_the_documented_example_has_fifty_retries_in_four_phases() -> None:
    policy = Policy.from_aws(FIFTY)
    delays, phases = policy.delays_s(), policy.phases()

    assert len(delays) == len(phases) == 50
    assert [phases.count(phase) for phase in PHASES] == [3, 2, 10, 35]
    assert delays[:5].tolist() == [0, 0, 0, 1, 1]
    assert (delays[5], delays[14]) == (1, 60)
    assert set(delays[15:]) == {60}
    assert policy.max_receives_per_second == 10


def test_the_schedules_that_aws_sets_are_as_long_as_it_says() -> None:
    assert MANAGED["sqs"].retries == len(MANAGED["lambda"].delays_s()) == 100_015
    assert int(MANAGED["sqs"].total_s / 86_400) == 23
    assert MANAGED["sms"].retries == 50
    assert 6 <= MANAGED["email"].total_s / 3_600 < 7
    assert MANAGED["http"].delays_s().tolist() == [20, 20, 20]


@given(
    curve=st.sampled_from(CURVES),
    least=st.integers(1, 60),
    more=st.integers(0, 600),
    count=st.integers(2, 100),
)
@settings(max_examples=50)
def test_a_curve_rises_from_the_least_to_the_greatest(
    curve: str, least: int, more: int, count: int
) -> None:
    delays = backoff_s(curve, least, least + more, count)  # type: ignore[arg-type]

    assert delays[0] == pytest.approx(least)
    assert delays[-1] == pytest.approx(least + more)
    assert (np.diff(delays) >= -1e-9).all()


def test_the_curves_lie_one_below_the_other() -> None:
    middle = {curve: backoff_s(curve, 5, 260, 10)[5] for curve in CURVES}

    assert middle["exponential"] < middle["arithmetic"] < middle["linear"]
    assert middle["geometric"] < middle["linear"]
    assert backoff_s("exponential", 0, 7, 4).tolist() == pytest.approx([0, 1, 3, 7])
    assert backoff_s("arithmetic", 0, 6, 4).tolist() == pytest.approx([0, 1, 3, 6])


@pytest.mark.parametrize(
    "around",
    [
        lambda policy: policy,
        json.dumps,
        lambda policy: policy["healthyRetryPolicy"],
        lambda policy: {"http": {"defaultHealthyRetryPolicy": policy["healthyRetryPolicy"]}},
        lambda policy: {"Attributes": {"DeliveryPolicy": json.dumps(policy)}},
        lambda policy: json.dumps({"EffectiveDeliveryPolicy": json.dumps(policy)}),
    ],
)
def test_a_policy_is_read_from_wherever_aws_writes_it(around) -> None:
    assert Policy.from_aws(around(FIFTY)).retries == 50


def test_a_policy_written_as_aws_does_reads_the_same() -> None:
    policy = Policy.from_aws(FIFTY)

    assert Policy.from_aws(policy.to_aws()) == policy


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"numRetries": 101}, "between 0 and 100"),
        ({"minDelayTarget": 0}, "between 1 and"),
        ({"minDelayTarget": 61}, "between 1 and"),
        ({"maxDelayTarget": 3_601, "numRetries": 15, "numMaxDelayRetries": 0}, "at most 3600"),
        ({"numMaxDelayRetries": 46}, "together are 51"),
        ({"numMinDelayRetries": -1}, "0 or more"),
        ({"maxDelayTarget": 110}, "greater than 3,600 s"),
        ({"backoffFunction": "cubic"}, "cubic"),
        ({"numRetries": "fifty"}, "fifty"),
        ({"numRetries": 1.5}, "whole number"),
        ({"retries": 3}, "retries"),
    ],
)
def test_what_aws_refuses_is_refused_with_its_reason(change, said) -> None:
    document = {"healthyRetryPolicy": FIFTY["healthyRetryPolicy"] | change}

    with pytest.raises(UsageError, match=said) as refused:
        Policy.from_aws(document)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("document", ["{", "[1]", {}, {"requestPolicy": {}}])
def test_what_is_no_policy_is_refused(document) -> None:
    with pytest.raises(UsageError, match="wanted a delivery policy"):
        Policy.from_aws(document)
