"""Prices: what AWS charged on a day; what is not known is blank, not zero."""

from datetime import date

import pytest

from workbench.tune.prices import prices

NOW = date(2026, 11, 20)


def test_the_price_of_a_queue_fell_on_the_day_fifo_queues_came() -> None:
    assert prices().value("sqs", "request", date(2016, 11, 16), "standard") == 0.5
    assert prices().value("sqs", "request", date(2016, 11, 17), "standard") == 0.4
    assert prices().value("sqs", "request", date(2016, 11, 16), "fifo") is None
    assert prices().value("sqs", "request", date(2016, 11, 17), "fifo") == 0.5


@pytest.mark.parametrize(
    ("service", "name", "mode"),
    [("lambda", "esm_poller_hour", "sqs"), ("kinesis", "retention_7_d_gb_month", "advantage")],
)
def test_a_price_that_is_not_known_is_a_row_without_a_value(
    service: str, name: str, mode: str
) -> None:
    row = prices().row(service, name, NOW, mode)

    assert row is not None
    assert row.value is None
    assert "missing" in row.source


def test_the_tiers_of_a_price_fall_and_begin_later_and_later() -> None:
    table = prices()
    for service, name, mode in (
        ("lambda", "duration", "x86_64"),
        ("lambda", "duration", "arm64"),
        ("sqs", "request", "standard"),
        ("sqs", "request", "fifo"),
    ):
        names = (name, f"{name}_tier_2", f"{name}_tier_3")
        each = [table.value(service, tier, NOW, mode) or 0 for tier in names]
        begins = [table.value(service, f"{tier}_from", NOW, mode) or 0 for tier in names[1:]]
        assert each == sorted(each, reverse=True)
        assert begins == sorted(begins)
        assert begins[0] > 0


def test_arm_is_a_fifth_cheaper() -> None:
    x86, arm = (
        prices().value("lambda", "duration", NOW, mode) or 0 for mode in ("x86_64", "arm64")
    )

    assert arm / x86 == pytest.approx(0.8, rel=1e-4)
