"""Which policy explains captured attempts: the one that made them, through jitter."""

import numpy as np
import pytest

from workbench.tune.sns_retries.fit import best_policy, held_against, ranked, typical_gaps
from workbench.tune.sns_retries.policy import CURVES, MANAGED, Policy

TRUE = Policy(
    retries=30,
    min_delay_s=2,
    max_delay_s=60,
    no_delay_retries=3,
    min_delay_retries=4,
    max_delay_retries=11,
    curve="exponential",
)


def made_by(policy: Policy, messages: int = 25, jitter: float = 0.05, seed: int = 1):
    """Attempts of messages at a policy's instants, each delay off by as much as `jitter`."""
    random = np.random.default_rng(seed)
    delays = policy.delays_s()
    for _ in range(messages):
        moved = delays * (1 + random.uniform(-jitter, jitter, len(delays)))
        yield 1e9 + random.uniform(0, 1e6) + np.concatenate([[0.0], np.cumsum(moved)])


@pytest.mark.parametrize("curve", CURVES)
def test_the_policy_that_made_the_attempts_is_found_again(curve) -> None:
    true = Policy(**{name: getattr(TRUE, name) for name in TRUE.__slots__} | {"curve": curve})
    found = best_policy(list(made_by(true, jitter=0.02)))

    assert found is not None
    assert found.policy.no_delay_retries == 3
    assert (found.policy.min_delay_s, found.policy.max_delay_s) == (2, 60)
    assert found.policy.curve == curve
    assert found.explains
    assert found.residual < 0.05


def test_the_jitter_is_told() -> None:
    found = held_against("true", TRUE, list(made_by(TRUE, messages=200, jitter=0.2)))

    assert found is not None
    assert 0.03 < found.jitter < 0.2
    assert found.residual < 0.1


def test_a_known_policy_that_explains_goes_before_a_fitted_one() -> None:
    fits = ranked(list(made_by(MANAGED["http"])), {"aws_http": MANAGED["http"], "mine": TRUE})

    assert fits[0].name == "aws_http"
    assert not next(each for each in fits if each.name == "mine").explains


def test_a_known_policy_that_does_not_explain_goes_behind() -> None:
    fits = ranked(list(made_by(TRUE)), {"aws_http": MANAGED["http"]})

    assert [each.name for each in fits] == ["fitted"], "three retries cannot make thirty"


def test_messages_that_got_through_early_tell_as_far_as_they_went() -> None:
    attempts = [each[: 1 + place % 20] for place, each in enumerate(made_by(TRUE, messages=60))]

    assert len(typical_gaps(attempts)) == 19
    found = held_against("true", TRUE, attempts)
    assert found is not None
    assert found.explains


def test_single_attempts_tell_nothing() -> None:
    assert best_policy([np.array([1.0]), np.array([5.0])]) is None
    assert ranked([], {"aws_http": MANAGED["http"]}) == []


def test_a_known_policy_that_explains_goes_first_though_a_fitted_one_lies_closer() -> None:
    slow = [np.arange(4) * 22.0]
    fits = ranked(slow, {"aws_http": MANAGED["http"]})

    assert [each.name for each in fits] == ["aws_http", "fitted"]
    assert fits[1].residual < fits[0].residual
