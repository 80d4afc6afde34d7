"""The bill of streams: AWS's own example, the three modes, retention, readers of their own."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.tune.cost.streams import (
    OnDemandUse,
    ProvisionedUse,
    on_demand_terms,
    provisioned_terms,
    stream_read_terms,
)
from workbench.tune.cost.terms import GIB, Rates, chunks, total
from workbench.tune.prices import prices
from workbench.tune.quotas import quotas

NOW = Rates(prices(), date(2026, 11, 20))


def named(terms: tuple) -> dict[str, float | None]:
    return {term.name: term.cost for term in terms}


def test_the_example_of_the_pricing_page_comes_out() -> None:
    """100 records/s of 35 KB on 4 shards: 2 units each, 17.28 M units a day; $1.44 and $0.24 a day."""
    units = 100 * 86_400 * chunks(35 * 1024, 25 * 1024)

    terms = provisioned_terms(ProvisionedUse(4 * 24, units), NOW)

    assert units == 17_280_000
    assert named(terms) == {
        "shard hours": pytest.approx(1.44),
        "PUT payload units": pytest.approx(0.2419, abs=1e-4),
    }


def test_fan_out_and_retention_are_terms_of_their_own() -> None:
    use = ProvisionedUse(720, 0, 2, 100 * GIB, 8760, 10 * GIB)

    assert named(provisioned_terms(use, NOW)) == {
        "shard hours": pytest.approx(10.8),
        "PUT payload units": 0,
        "fan-out consumers": pytest.approx(21.6),
        "fan-out data": pytest.approx(1.3),
        "retention beyond 24 h": pytest.approx(14.4),
        "retention beyond 7 d": pytest.approx(0.23),
    }


def test_a_stream_kept_a_day_pays_no_retention() -> None:
    assert len(provisioned_terms(ProvisionedUse(720, 1, retention_hours=24), NOW)) == 2


def test_advantage_is_charged_for_what_its_commitment_leaves_unused() -> None:
    """25 MiB/s for 2,592,000 s is 63,281.25 GB; in at $0.032, out at no more than $0.016."""
    use = OnDemandUse(281.25 * GIB, 281.25 * GIB, is_advantage=True)

    costs = named(on_demand_terms(use, NOW, quotas()))

    assert costs["stream hours"] == 0
    assert costs["data in"] == pytest.approx(9.0)
    assert costs["commitment not used, in"] == pytest.approx(63_000 * 0.032)
    assert costs["commitment not used, out"] == pytest.approx(63_000 * 0.016)


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 2e5), st.floats(0, 2e5))
def test_advantage_never_costs_less_than_its_commitment_nor_falls_with_traffic(
    one: float, other: float
) -> None:
    less, more = (
        total(
            on_demand_terms(OnDemandUse(gb * GIB, gb * GIB, is_advantage=True), NOW, quotas())
        ).cost
        for gb in sorted((one, other))
    )

    assert less <= more * (1 + 1e-9)
    assert less >= 63_281.25 * (0.032 + 0.016) * (1 - 1e-9)


def test_there_was_no_on_demand_in_2016() -> None:
    terms = on_demand_terms(OnDemandUse(GIB, GIB), Rates(prices(), date(2016, 12, 1)), quotas())

    assert total(terms).unknown == ("stream hours", "data in", "data out")


def test_a_retention_whose_price_is_not_known_is_named() -> None:
    use = OnDemandUse(GIB, GIB, stored_bytes_beyond_24_h=GIB, fan_out_bytes=GIB)

    terms = on_demand_terms(use, NOW, quotas())

    assert total(terms).unknown == ("retention beyond 24 h",)
    assert named(terms)["fan-out data"] == pytest.approx(0.05)


def test_lambdas_own_reads_of_a_table_stream_are_free() -> None:
    """$0.02 for 100,000 otherwise."""
    assert named(stream_read_terms(1e6, True, NOW)) == {"stream reads": 0}
    assert named(stream_read_terms(1e6, False, NOW)) == {"stream reads": pytest.approx(0.2)}
    assert named(stream_read_terms(None, False, NOW)) == {"stream reads": None}
