"""Closed forms of redelivery, held against simulated messages and each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.tune.redelivery.model import (
    batch_failure,
    dead_letter_share,
    either,
    extra_deliveries,
    failing,
    record_failure,
    wilson,
)

SHARES = st.floats(0, 0.99)


def test_deliveries_and_dead_letters_are_those_of_simulated_messages() -> None:
    share, most, messages = 0.35, 4, 200_000
    fails = np.random.default_rng(1).random((messages, most)) < share
    until_ended = np.cumprod(fails, axis=1)
    extra = until_ended[:, :-1].sum(axis=1)

    assert extra.mean() == pytest.approx(
        extra_deliveries(share, most), abs=4 * extra.std() / np.sqrt(messages)
    )
    moved = dead_letter_share(share, most)
    assert moved is not None
    assert until_ended[:, -1].mean() == pytest.approx(
        moved, abs=4 * np.sqrt(moved * (1 - moved) / messages)
    )


@given(share=SHARES, most=st.integers(1, 50))
@settings(max_examples=50)
def test_a_limit_only_takes_deliveries_away_and_a_large_one_none(share: float, most: int) -> None:
    limited = extra_deliveries(share, most)

    assert -1e-12 <= limited <= extra_deliveries(share, most + 1) + 1e-12
    assert limited <= extra_deliveries(share) + 1e-12
    assert extra_deliveries(share, 5_000) == pytest.approx(share / (1 - share))


def test_where_every_attempt_brings_another_only_the_limit_ends_it() -> None:
    assert extra_deliveries(1.0) == float("inf")
    assert extra_deliveries(1.0, 5) == 4


@given(over=SHARES, failed=SHARES, poison=SHARES, most=st.integers(1, 20))
@settings(max_examples=50)
def test_dead_letters_are_the_poison_and_the_unlucky(
    over: float, failed: float, poison: float, most: int
) -> None:
    q = over + failed - over * failed

    assert either(over, failed) == pytest.approx(q)
    assert dead_letter_share(q, most, poison) == pytest.approx(poison + (1 - poison) * q**most)


def test_without_a_redrive_policy_nothing_is_moved() -> None:
    assert dead_letter_share(0.5, None, 0.5) is None


@given(alone=SHARES, records=st.integers(1, 100))
@settings(max_examples=50)
def test_a_batch_fails_with_any_of_its_messages(alone: float, records: int) -> None:
    whole = batch_failure(alone, records)

    assert whole >= alone - 1e-12
    if whole < 1 - 1e-6:
        assert record_failure(whole, records) == pytest.approx(alone, abs=1e-9)


def test_poison_is_told_from_bad_luck() -> None:
    chance, poison, most, messages = 0.3, 0.05, 6, 20_000
    random = np.random.default_rng(2)
    tries = []
    for _ in range(messages):
        if random.random() < poison:
            tries.append((most, most))
            continue
        failed = min(int(random.geometric(1 - chance)) - 1, most)
        tries.append((min(failed + 1, most), failed))

    found = failing(tries)

    assert found.poison == pytest.approx(poison, abs=4 * np.sqrt(poison / messages) + 0.001)
    assert found.attempt == pytest.approx(chance, abs=0.015)


def test_messages_that_succeed_at_last_are_not_poison() -> None:
    found = failing([(3, 2)] * 10 + [(1, 0)] * 10)

    assert found.poison == 0
    assert found.attempt == pytest.approx(0.5)


def test_nothing_tried_tells_nothing() -> None:
    assert failing([]).poison == 0


def test_the_interval_of_a_share_is_wide_where_little_was_seen() -> None:
    few, many = wilson(1, 10), wilson(100, 1_000)

    assert few.share == many.share == 0.1
    assert few.low < many.low < 0.1 < many.high < few.high
    assert wilson(0, 10).low == 0
    assert wilson(0, 10).high > 0.2
    assert wilson(0, 0).high == 1


def test_wilsons_interval_holds_the_truth_as_often_as_it_says() -> None:
    hits = np.random.default_rng(3).binomial(200, 0.05, 2_000)
    held = np.mean([wilson(each, 200).low <= 0.05 <= wilson(each, 200).high for each in hits])

    assert held > 0.92
