"""Requests and their price: polling, and batches of sends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.tune.redelivery.requests import buffered, polls_per_month, price

ROOMY = 1_048_576
TIMES = st.lists(st.floats(0, 10), min_size=1, max_size=60).map(sorted)


def plain(at_s: list[float], window_s: float) -> tuple[int, list[float]]:
    """Batches of ten by hand: requests, and how long each message waited."""
    waits: list[float] = []
    batch: list[float] = []
    requests = 0
    for arrived in [*at_s, float("inf")]:
        if batch and (arrived > batch[0] + window_s):
            waits += [batch[0] + window_s - each for each in batch]
            requests += 1
            batch = []
        batch.append(arrived)
        if len(batch) == 10:
            waits += [arrived - each for each in batch]
            requests += 1
            batch = []
    return requests, waits


@given(at_s=TIMES, window_s=st.sampled_from([0.0, 0.1, 1.0, 5.0]))
@settings(max_examples=50)
def test_small_messages_are_put_together_as_by_hand(at_s: list[float], window_s: float) -> None:
    found = buffered(np.array(at_s), np.full(len(at_s), 100), window_s, ROOMY)
    requests, waits = plain(at_s, window_s)

    assert found.requests == requests
    assert found.requests_alone == len(at_s)
    assert found.added_mean_s == pytest.approx(np.mean(waits), abs=1e-9)
    assert found.added_max_s == pytest.approx(max(waits), abs=1e-9)
    assert found.added_max_s <= window_s + 1e-9


def test_a_batch_that_has_no_room_is_sent_when_the_next_message_comes() -> None:
    found = buffered(np.array([0.0, 0.5]), np.array([700_000, 700_000]), 1.0, ROOMY)

    assert found.requests == 2 * -(-700_000 // 65_536)
    assert found.added_mean_s == pytest.approx((0.5 + 1.0) / 2)


def test_large_messages_save_no_requests() -> None:
    found = buffered(np.array([0.0, 0.0]), np.array([65_536, 65_536]), 1.0, ROOMY)

    assert found.requests == found.requests_alone == 2


def test_a_second_of_short_polls_costs_two_hundred_long_ones() -> None:
    assert polls_per_month(20.0, pollers=1) == 129_600
    assert polls_per_month(0.1, pollers=1) == pytest.approx(25_920_000)
    assert price(25_920_000, 0.4) == pytest.approx(10.368)
    assert price(129_600, 0.4) == pytest.approx(0.05184)


def test_what_has_no_known_price_costs_nobody_knows_what() -> None:
    assert price(129_600, None) is None


def test_nothing_sent_costs_nothing() -> None:
    found = buffered(np.array([]), np.array([], dtype=np.int64), 1.0, ROOMY)

    assert (found.requests, found.requests_alone, found.added_mean_s) == (0, 0, 0)


def test_no_more_than_ten_go_together() -> None:
    found = buffered(np.zeros(25), np.full(25, 100), 1.0, ROOMY)

    assert found.requests == 3
    assert found.added_mean_s == pytest.approx(5 / 25)
