"""Lambda's bill: AWS's own examples, and the rules of the day."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.tune.cost.functions import LambdaUse, billed_ms, lambda_terms
from workbench.tune.cost.terms import Rates, total
from workbench.tune.prices import prices
from workbench.tune.quotas import quotas

FREE_GB_SECONDS, FREE_REQUESTS = 400_000, 1e6
"""A month's free tier, which AWS's examples take off."""
EARLY, NOW = date(2016, 12, 1), date(2026, 11, 20)


@pytest.mark.parametrize(
    ("memory_mb", "requests", "seconds", "compute", "asked", "together"),
    [(512, 3e6, 1.0, 18.34, 0.40, 18.74), (128, 30e6, 0.2, 5.83, 5.80, 11.63)],
)
def test_the_examples_of_the_pricing_page_come_out(
    memory_mb: int, requests: float, seconds: float, compute: float, asked: float, together: float
) -> None:
    """AWS Lambda pricing, examples 1 and 2 (512 MB, 3 M times 1 s; 128 MB, 30 M times 200 ms)."""
    gb_seconds = requests * seconds * memory_mb / 1024 - FREE_GB_SECONDS

    terms = lambda_terms(LambdaUse(requests - FREE_REQUESTS, gb_seconds), Rates(prices(), EARLY))

    costs = {term.name: term.cost for term in terms}
    assert costs["duration"] == pytest.approx(compute, abs=0.01)
    assert costs["requests"] == pytest.approx(asked)
    assert total(terms).cost == pytest.approx(together, abs=0.01)


@pytest.mark.parametrize(
    ("day", "packaging", "billed"),
    [
        (date(2020, 11, 30), "zip", 200),
        (date(2020, 12, 1), "zip", 121),
        (date(2025, 7, 31), "zip", 121),
        (date(2025, 8, 1), "zip", 421),
        (date(2021, 1, 1), "image", 421),
        (date(2020, 1, 1), "custom_runtime", 500),
    ],
)
def test_the_day_and_the_packaging_say_what_is_billed(
    day: date, packaging: str, billed: int
) -> None:
    assert billed_ms(120.5, day, quotas(), init_ms=300, packaging=packaging) == billed


def test_a_whole_number_of_steps_is_not_rounded_up() -> None:
    assert billed_ms(100.0, EARLY, quotas()) == 100
    assert billed_ms(0.1 + 0.2 + 2.7, NOW, quotas()) == 3


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 900_000), st.floats(0, 900_000), st.dates(date(2015, 1, 1), date(2030, 1, 1)))
def test_billed_is_at_least_what_ran_less_than_a_step_more_and_never_falls(
    one: float, other: float, day: date
) -> None:
    less, more = (billed_ms(each, day, quotas()) for each in sorted((one, other)))

    assert less <= more
    assert -1e-6 <= more - max(one, other) < (100 if day < date(2020, 12, 1) else 1)


def test_storage_and_environments_kept_ready_are_terms_of_their_own() -> None:
    use = LambdaUse(1e6, 1e6, "x86_64", 2e6, 3e6, 4e6)

    costs = {term.name: term.cost for term in lambda_terms(use, Rates(prices(), NOW))}

    assert costs == {
        "requests": pytest.approx(0.2),
        "duration": pytest.approx(16.6667),
        "ephemeral storage": pytest.approx(0.0618),
        "provisioned concurrency": pytest.approx(12.5001),
        "provisioned duration": pytest.approx(38.8888),
    }


def test_arm_is_cheaper_and_had_no_price_before_it_was_there() -> None:
    arm = LambdaUse(0, 1e6, "arm64")

    [_, now] = lambda_terms(arm, Rates(prices(), NOW))
    [_, before] = lambda_terms(arm, Rates(prices(), date(2021, 9, 28)))

    assert now.cost == pytest.approx(13.3334)
    assert before.cost is None
