"""Traffic stays in order, whatever is done to its instants."""

import numpy as np

from tests.factories import T0
from workbench.tune.simulate.traffic import plain_traffic


def test_a_record_can_be_picked_twice() -> None:
    traffic = plain_traffic(T0, np.array([1.0, 2.0, 3.0]))

    picked = traffic.picked(np.array([0, 2, 2]), np.array([4.0, 3.0, 5.0]))

    assert picked.at_s.tolist() == [3.0, 4.0, 5.0]
    assert picked.span_s == 2.0
