"""What a simulation shows is told apart: ages of what was taken, shares of fates, environments at once."""

import numpy as np
import pytest

from tests.factories import T0
from workbench.tune.simulate.simulated import IN_FLIGHT, SUCCEEDED, Invocations, Simulated
from workbench.tune.simulate.traffic import plain_traffic


def outcome() -> Simulated:
    return Simulated(
        traffic=plain_traffic(T0, np.array([0.0, 1.0, 2.0])),
        first_begins_s=np.array([0.0, 1.0, np.nan]),
        ended_s=np.array([2.0, 4.0, np.nan]),
        deliveries=np.array([1, 2, 0]),
        fate=np.array([SUCCEEDED, SUCCEEDED, IN_FLIGHT], dtype=np.int8),
        overlapping=0,
        receives=3,
        empty_receives=0,
        deletes=2,
        throttles=0,
        invocations=Invocations(
            begins_s=np.array([0.0, 1.0, 3.0]),
            duration_s=np.array([2.0, 1.0, 1.0]),
            init_s=np.array([0.5, 0.0, 0.0]),
            records=np.array([1, 1, 1]),
            failed=np.array([False, True, False]),
        ),
    )


def test_only_what_was_taken_has_an_age() -> None:
    assert outcome().age_quantile_s(0.5) == 2.0
    assert outcome().age_quantile_s(0.99) == 3.0
    assert outcome().share(IN_FLIGHT) == pytest.approx(1 / 3)
    assert outcome().duplicates == 1


def test_an_environment_is_busy_from_its_initialisation_on() -> None:
    instants, busy = outcome().concurrency()

    assert instants.tolist() == [-0.5, 1.0, 2.0, 2.0, 3.0, 4.0]
    assert busy.max() == 2
