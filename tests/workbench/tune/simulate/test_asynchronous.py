"""Asynchronous invocations: retries after one and two minutes, throttles put back, losses as Erlang has them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import T0
from tests.workbench.tune.simulate.systems import EXPONENTIAL, exponential, poisson
from tests.workbench.tune.simulate.test_queues import erlang_b
from workbench.mapping import EventSourceMapping
from workbench.tune.durations.model import DurationModel
from workbench.tune.simulate.profiles import PROFILES
from workbench.tune.simulate.run import simulate
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.simulated import DISCARDED, EXPIRED, IN_FLIGHT, SUCCEEDED
from workbench.tune.simulate.traffic import plain_traffic


def function(most: int = 1_000, **more: object) -> Settings:
    plain = replace(PROFILES["documented"], environments_added_per_10_s=1e9)
    made = Settings(
        kind="event",
        mapping=EventSourceMapping().completed("event"),
        reserved_concurrency=most,
        timeout_s=900,
        profile=plain,
    )
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("residuals", [EXPONENTIAL, np.ones(1)])
def test_without_retries_as_many_are_refused_as_erlang_says_whatever_the_service(
    residuals: np.ndarray,
) -> None:
    model = DurationModel(base_ms=1_000, residuals=residuals)

    outcome = simulate(poisson(8.0, 300_000), function(10, event_age_s=0), model)

    assert outcome.share(EXPIRED) == pytest.approx(erlang_b(8.0, 10), rel=0.05)


def test_a_failure_comes_again_after_one_and_after_two_minutes() -> None:
    model = DurationModel(base_ms=1_000, poison_share=1.0)

    outcome = simulate(plain_traffic(T0, np.zeros(1)), function(), model)

    assert outcome.invocations.begins_s.tolist() == [0.0, 61.0, 182.0]
    assert outcome.fate.tolist() == [DISCARDED]
    assert outcome.ended_s.tolist() == [183.0]


def test_what_is_throttled_is_put_back_and_done_later() -> None:
    outcome = simulate(plain_traffic(T0, np.zeros(20)), function(2), DurationModel(base_ms=1_000))

    assert outcome.share(SUCCEEDED) == 1.0
    assert outcome.throttles > 0
    assert outcome.concurrency()[1].max() == 2


def test_a_function_with_no_concurrency_gives_everything_up_when_it_is_too_old() -> None:
    outcome = simulate(plain_traffic(T0, np.zeros(3)), function(0), DurationModel(base_ms=1_000))

    assert outcome.share(EXPIRED) == 1.0
    assert outcome.deliveries.max() == 0
    assert (outcome.ended_s <= 21_600).all()


@settings(max_examples=30, deadline=None)
@given(
    at_s=st.lists(st.floats(0, 60), min_size=1, max_size=50),
    most=st.integers(1, 4),
    failing=st.sampled_from([0.0, 0.4]),
    stop_s=st.floats(0, 400),
)
def test_every_event_has_one_fate_whenever_the_clock_stops(
    at_s: list[float], most: int, failing: float, stop_s: float
) -> None:
    model = replace(exponential(3.0), record_failure_share=failing)
    traffic = plain_traffic(T0, np.array(at_s))

    outcome = simulate(traffic, function(most), model, 1, stop_s)

    shares = [outcome.share(fate) for fate in (SUCCEEDED, DISCARDED, EXPIRED, IN_FLIGHT)]
    assert sum(shares) == pytest.approx(1.0)
    assert outcome.concurrency()[1].max(initial=0) <= most
    assert outcome.deliveries.max() <= 3
