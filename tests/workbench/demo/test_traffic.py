"""The demo's traffic has exactly the faults that its labels say."""

import json
from collections import Counter

import pytest

from workbench.demo.traffic import HOT_CUSTOMER, Traffic, make_traffic

SEEDS = range(40)


def events(traffic: Traffic) -> list[dict[str, object]]:
    return [json.loads(event) for _, event in traffic.events]


def subject(traffic: Traffic, kind: str) -> set[str]:
    return {fault.subject for fault in traffic.planted if fault.kind == kind}


def lives(traffic: Traffic) -> dict[object, list[object]]:
    found: dict[object, list[object]] = {}
    for event in events(traffic):
        found.setdefault(event["order_id"], []).append(event["version"])
    return found


def test_the_same_seed_tells_the_same_story() -> None:
    assert make_traffic(7) == make_traffic(7)
    assert make_traffic(7) != make_traffic(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_only_the_labelled_orders_live_another_life(seed: int) -> None:
    traffic = make_traffic(seed)
    odd = {order for order, versions in lives(traffic).items() if versions != [1, 2, 3, 4]}

    assert odd == subject(traffic, "sequence_gap") | subject(traffic, "inversion") | subject(
        traffic, "producer_retry"
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_only_the_labelled_orders_are_placed_twice(seed: int) -> None:
    traffic = make_traffic(seed)
    counts = Counter(traffic.placements)
    twice = {json.loads(message)["order_id"] for message, count in counts.items() if count > 1}

    assert twice == subject(traffic, "producer_resend")
    assert set(counts.values()) == {1, 2}


@pytest.mark.parametrize("seed", SEEDS)
def test_only_the_poison_order_has_a_total_that_is_no_number(seed: int) -> None:
    traffic = make_traffic(seed)
    orders = [json.loads(message) for message in traffic.placements]

    assert {order["order_id"] for order in orders if "," in order["total"]} == subject(
        traffic, "redelivery"
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_the_hot_customer_brings_more_than_an_even_shard_s_part(seed: int) -> None:
    customers = Counter(key for key, _ in make_traffic(seed).events)

    assert customers[HOT_CUSTOMER] > customers.total() / 4
    assert all(
        count < customers.total() / 10 for key, count in customers.items() if key != HOT_CUSTOMER
    )
