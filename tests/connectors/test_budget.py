"""Laws of the read budget."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.budget import Budget, budget_for
from connectors.record import Service


@given(
    st.floats(0.1, 60, allow_nan=False),
    st.lists(st.integers(0, 700), min_size=1, max_size=150),
)
def test_no_second_ever_holds_more_calls_than_the_rate(rate: float, pauses_ms: list[int]) -> None:
    budget = Budget(rate)
    now_ms = 0
    spent: list[int] = []
    for pause_ms in pauses_ms:
        now_ms += pause_ms
        now_ms += budget.delay_ms(now_ms)
        assert budget.delay_ms(now_ms) == 0
        budget.spend(now_ms)
        spent.append(now_ms)
    for start_ms in spent:
        within = sum(start_ms <= at_ms < start_ms + 1000 for at_ms in spent)
        assert within <= max(1, rate)


def test_below_one_call_a_second_the_calls_stand_apart() -> None:
    budget = Budget(0.25)
    budget.spend(0)
    assert budget.delay_ms(1000) == 3000


def test_a_budget_that_was_saved_is_not_spent_at_once() -> None:
    budget = Budget(2)
    for at_ms in (10_000, 10_000):
        assert budget.delay_ms(at_ms) == 0
        budget.spend(at_ms)
    assert budget.delay_ms(10_000) == 1000


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_rate_that_allows_nothing_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Budget(rate)


def test_production_is_read_more_slowly_than_this_machine() -> None:
    for service in (Service.KINESIS, Service.DYNAMODB, Service.LOGS, Service.SQS, Service.SNS):
        assert budget_for(service, local=False) < budget_for(service, local=True)
    assert budget_for("aws:kinesis", local=False) == 1.0
