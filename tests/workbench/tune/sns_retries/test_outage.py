"""What an outage leaves, held against messages followed one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import UsageError
from workbench.tune.sns_retries.outage import after_outage
from workbench.tune.sns_retries.policy import MANAGED, Policy

LONG = Policy(retries=20, min_delay_s=5, max_delay_s=120, curve="geometric")


@given(outage_s=st.integers(10, 4_000), retries=st.integers(0, 20), least=st.integers(1, 30))
@settings(max_examples=50)
def test_given_up_and_late_are_those_of_single_messages(
    outage_s: int, retries: int, least: int
) -> None:
    policy = Policy(retries=retries, min_delay_s=least, max_delay_s=60)
    at_s = [0.0, *np.cumsum(policy.delays_s())]
    lost, late, tries = 0, 0.0, 0
    count = 2_000
    for published in (np.arange(count) + 0.5) * outage_s / count:
        after = [published + each for each in at_s if published + each >= outage_s]
        tries += len(at_s) - len(after)
        lost += not after
        late = max(late, min(after, default=outage_s) - outage_s)

    found = after_outage(policy, outage_s, 2.0)

    assert found.given_up_share == pytest.approx(lost / count, abs=2 / count)
    assert found.waiting + found.given_up == pytest.approx(found.published)
    assert found.last_retry_after_s == pytest.approx(late, abs=2 * outage_s / count + 0.02)
    assert found.attempts_failed_per_message == pytest.approx(tries / count, rel=0.02)


def test_aws_own_retries_outlast_any_outage_that_people_have() -> None:
    assert after_outage(MANAGED["sqs"], 86_400, 10).given_up == 0


def test_a_rate_limit_drains_the_backlog_at_what_is_left_of_it() -> None:
    limited = Policy(retries=100, min_delay_s=20, max_delay_s=20, max_receives_per_second=15)
    found = after_outage(limited, 1_000, 10)

    assert found.waiting == pytest.approx(10_000)
    assert found.drain_s == pytest.approx(10_000 / (15 - 10))


def test_a_limit_below_the_rate_never_drains() -> None:
    limited = Policy(retries=100, min_delay_s=20, max_delay_s=20, max_receives_per_second=10)

    assert after_outage(limited, 1_000, 10).drain_s is None
    assert after_outage(limited, 1_000, 10).wait_in_peace_s is None


def test_the_wait_in_peace_is_that_of_a_simulated_queue() -> None:
    limit, rate, messages = 10.0, 8.0, 1_000_000
    policy = Policy(retries=3, max_receives_per_second=limit)
    arrived = np.cumsum(np.random.default_rng(1).exponential(1 / rate, messages))
    # Lindley: each starts at its arrival, or when the one before is over.
    served = np.arange(messages) / limit
    started = np.maximum.accumulate(arrived - served) + served

    waited = after_outage(policy, 60, rate).wait_in_peace_s
    assert waited is not None
    assert (started - arrived).mean() == pytest.approx(waited, rel=0.05)


def test_a_longer_policy_gives_up_less_and_never_more() -> None:
    shares = [
        after_outage(Policy(retries=retries), 600, 1).given_up_share for retries in range(0, 31, 5)
    ]

    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1
    assert shares[-1] == 0


@pytest.mark.parametrize(("outage_s", "rate"), [(0, 1), (60, 0), (-1, 1)])
def test_no_outage_and_no_traffic_are_refused(outage_s: float, rate: float) -> None:
    with pytest.raises(UsageError, match="above 0"):
        after_outage(LONG, outage_s, rate)
