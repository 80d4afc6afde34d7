"""The bill of log lines and of API requests."""

from datetime import date

import pytest

from workbench.tune.cost.logs import api_gateway_terms, logs_terms
from workbench.tune.cost.terms import GIB, Rates
from workbench.tune.prices import prices

NOW, BEFORE = (Rates(prices(), day) for day in (date(2026, 11, 20), date(2025, 4, 30)))


def test_lambdas_logs_fall_in_price_above_10_tb_since_may_2025() -> None:
    """10,240 GB at $0.50 and 1,000 GB at $0.25."""
    tiered, flat = 5_120 + 250, 5_620

    assert logs_terms(11_240 * GIB, NOW)[0].cost == pytest.approx(tiered)
    assert logs_terms(11_240 * GIB, BEFORE)[0].cost == pytest.approx(flat)
    assert logs_terms(11_240 * GIB, NOW, is_lambda=False)[0].cost == pytest.approx(flat)


def test_infrequent_access_is_half_the_price() -> None:
    assert logs_terms(GIB, NOW, is_infrequent=True)[0].cost == pytest.approx(0.25)


def test_an_http_api_is_cheaper_than_a_rest_api() -> None:
    assert [api_gateway_terms(1e6, NOW, mode)[0].cost for mode in ("rest", "http")] == [3.5, 1.0]
