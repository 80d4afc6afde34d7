"""SNS's bill: publishes, and deliveries by protocol."""

from datetime import date

import pytest

from workbench.tune.cost.terms import Rates, total
from workbench.tune.cost.topics import SnsUse, sns_terms
from workbench.tune.prices import prices

NOW = Rates(prices(), date(2026, 11, 20))


def test_publishes_and_http_deliveries_cost_queues_and_functions_do_not() -> None:
    """$0.50 and $0.60 a million."""
    terms = sns_terms(SnsUse(10e6, {"http": 1e6, "https": 2e6, "sqs": 10e6, "lambda": 10e6}), NOW)

    assert {term.name: term.cost for term in terms} == {
        "publishes": pytest.approx(5.0),
        "deliveries http": pytest.approx(0.6),
        "deliveries https": pytest.approx(1.2),
        "deliveries sqs": 0,
        "deliveries lambda": 0,
    }


def test_a_protocol_without_a_price_and_a_fifo_payload_are_named() -> None:
    terms = sns_terms(SnsUse(1e6, {"sms": 5}, is_fifo=True, payload_bytes=1e9), NOW)

    assert total(terms).unknown == ("published payload", "deliveries sms")
    assert total(terms).cost == pytest.approx(0.3)
