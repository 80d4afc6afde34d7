"""A term is quantity times price, by tiers; what is not known is None and is named beside the total."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import UsageError
from workbench.tune.cost.terms import Rates, Term, chunks, total
from workbench.tune.dated import COLUMNS
from workbench.tune.prices import prices

NOW = Rates(prices(), date(2026, 11, 20))
DURATION = ("lambda", "duration", "x86_64")
QUANTITIES = st.floats(0, 1e12)


def duration(gb_seconds: float) -> float:
    found = NOW.term("duration", gb_seconds, "gb_seconds", DURATION).cost
    assert found is not None
    return found


def test_a_month_goes_through_the_tiers_one_after_the_other() -> None:
    first, second = 6e9 * 0.0000166667, 9e9 * 0.000015

    assert duration(6e9) == pytest.approx(first)
    assert duration(15e9) == pytest.approx(first + second)
    assert duration(16e9) == pytest.approx(first + second + 1e9 * 0.0000133334)


def test_there_were_no_tiers_before_their_day() -> None:
    then = Rates(prices(), date(2022, 7, 31))

    assert then.term("duration", 16e9, "gb_seconds", DURATION).cost == pytest.approx(
        16e9 * 0.0000166667
    )


@settings(max_examples=50, deadline=None)
@given(QUANTITIES, QUANTITIES)
def test_more_never_costs_less_and_never_more_than_the_first_tier(one: float, other: float) -> None:
    less, more = sorted((one, other))

    assert duration(less) <= duration(more) * (1 + 1e-12)
    assert duration(more) <= more * 0.0000166667 * (1 + 1e-12)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.none() | QUANTITIES, max_size=6))
def test_the_terms_sum_and_what_is_not_known_is_named(costs: list[float | None]) -> None:
    terms = [Term(str(n), 1.0, "requests", cost, cost) for n, cost in enumerate(costs)]

    found = total(terms)

    assert found.cost == pytest.approx(sum(cost for cost in costs if cost is not None))
    assert found.unknown == tuple(str(n) for n, cost in enumerate(costs) if cost is None)


def test_an_unknown_price_or_quantity_is_not_zero() -> None:
    poller = NOW.term("pollers", 720, "poller_hours", ("lambda", "esm_poller_hour", "sqs"))
    nowhere = Rates(prices(), NOW.at, "eu-west-1").term(
        "sends", 1, "requests", ("sqs", "request", "fifo")
    )
    unseen = NOW.term("reads", None, "requests", ("sqs", "request", "fifo"), "who knows")

    assert (poller.price, poller.cost) == (None, None)
    assert "price of lambda esm_poller_hour sqs" in poller.note
    assert nowhere.note == "price of sqs request fifo in eu-west-1 on 2026-11-20 is not known"
    assert (unseen.cost, unseen.note) == (None, "who knows")


def test_a_users_own_price_fills_the_gap(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text(
        ",".join(COLUMNS)
        + "\nlambda,esm_poller_hour,us-east-1,sqs,0.015,usd_per_poller_hour,2025-11-14,,mine,\n",
        "utf-8",
    )

    poller = ("lambda", "esm_poller_hour", "sqs")

    found = Rates(prices(own), NOW.at).term("pollers", 1440, "poller_hours", poller)

    assert found.cost == pytest.approx(21.6)


def test_a_price_that_is_a_bound_says_so() -> None:
    term = NOW.term("data out", 1, "gb", ("kinesis", "data_out", "advantage"))

    assert "so at most this" in term.note


def test_a_quantity_below_zero_is_refused() -> None:
    with pytest.raises(UsageError, match="wanted sends of 0 or more, found -1"):
        NOW.term("sends", -1, "requests", ("sqs", "request", "fifo"))


def test_a_size_that_is_needed_and_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="wanted kinesis data_in_grain on 2016-01-01, found none"):
        Rates(prices(), date(2016, 1, 1)).needed("kinesis", "data_in_grain")


@given(st.integers(0, 10**7), st.integers(1, 10**6))
@settings(max_examples=50, deadline=None)
def test_chunks_hold_the_payload_and_none_is_empty_but_the_first(size: int, chunk: int) -> None:
    found = chunks(size, chunk)

    assert found >= 1
    assert (found - 1) * chunk < max(1, size) <= found * chunk
