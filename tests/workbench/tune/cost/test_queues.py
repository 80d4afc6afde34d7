"""SQS's bill: requests of each kind apart, tiers by all of them together."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.tune.cost.queues import SqsUse, idle_receives, sqs_terms
from workbench.tune.cost.terms import Rates, total
from workbench.tune.prices import prices

NOW = Rates(prices(), date(2026, 11, 20))
COUNTS = st.floats(0, 1e12)


def test_an_idle_mapping_costs_a_quarter_dollar_a_month() -> None:
    """5 pollers x 3 polls a minute x 43,200 minutes = 648,000 requests, at $0.40 a million."""
    empty = idle_receives(30 * 86_400)

    [_, _, term, _] = sqs_terms(SqsUse(0, 0, empty, 0), NOW)

    assert empty == 5 * 3 * 43_200
    assert term.cost == pytest.approx(0.2592)


def test_fifo_costs_more_and_a_group_on_a_standard_queue_a_surcharge() -> None:
    standard = {
        each.name: each.cost for each in sqs_terms(SqsUse(1e6, 1e6, 0, 1e6, fair_requests=1e6), NOW)
    }
    fifo = {
        each.name: each.cost
        for each in sqs_terms(SqsUse(1e6, 1e6, 0, 1e6, is_fifo=True, fair_requests=1e6), NOW)
    }

    assert standard["sends"] == pytest.approx(0.4)
    assert standard["fair queue surcharge"] == pytest.approx(0.1)
    assert fifo["sends"] == pytest.approx(0.5)
    assert "fair queue surcharge" not in fifo


def test_the_tiers_go_by_all_requests_together() -> None:
    """100 G at $0.40, 100 G at $0.30, 40 G at $0.24 a million: 40,000 + 30,000 + 9,600."""
    terms = sqs_terms(SqsUse(80e9, 80e9, 0, 80e9), NOW)

    assert total(terms).cost == pytest.approx(79_600)
    assert terms[0].cost == terms[1].cost == terms[3].cost


def test_provisioned_pollers_have_no_price_here_and_say_so() -> None:
    terms = sqs_terms(SqsUse(1, 1, None, 1, poller_hours=1440), NOW)

    assert total(terms).unknown == ("empty receives", "provisioned pollers")


@settings(max_examples=50, deadline=None)
@given(COUNTS, COUNTS, COUNTS, COUNTS, st.integers(0, 3), st.floats(0, 1e12), st.booleans())
def test_another_request_never_lowers_the_bill(
    sends: float,
    receives: float,
    empty: float,
    deletes: float,
    which: int,
    more: float,
    is_fifo: bool,
) -> None:
    counts = [sends, receives, empty, deletes]
    raised = [count + more * (n == which) for n, count in enumerate(counts)]

    less, greater = (
        total(sqs_terms(SqsUse(*each, is_fifo=is_fifo), NOW)).cost for each in (counts, raised)
    )

    assert less <= greater * (1 + 1e-9)
