"""Packing by shard: the library's own example, and what must not be packed."""

import pytest

from tests.workbench.tune.resharding.loads import load_of
from workbench.tune.resharding.aggregation import aggregation


def test_a_thousand_records_of_512_bytes_a_second_become_ten_of_50_kb():
    """Source: Kinesis developer guide, "KPL key concepts", aggregation."""
    load = load_of([("key", number * 1_000, 512) for number in range(1_000)])
    packed = aggregation(load, [0], 1, fan_out=False, parallelization_factor=1)
    assert packed.records_per_second == pytest.approx(10, abs=1)
    assert packed.factor == pytest.approx(100, rel=0.05)
    assert packed.put_units < packed.put_units_unpacked / 40
    assert packed.added_latency_max_ms <= 100
    assert packed.sharing_max <= 101
    assert packed.refused is None


def test_mixed_keys_behind_enhanced_fan_out_are_refused():
    load = load_of([(f"key-{number % 5}", number * 1_000, 512) for number in range(1_000)])
    packed = aggregation(load, [0], 1, fan_out=True, parallelization_factor=1)
    assert packed.mixed_key_share > 0.9
    assert packed.refused is not None


def test_several_lanes_are_warned_of_order():
    load = load_of([(f"key-{number % 5}", number * 1_000, 512) for number in range(1_000)])
    packed = aggregation(load, [0], 1, fan_out=False, parallelization_factor=4)
    assert packed.refused is None
    assert any("order" in hazard for hazard in packed.hazards)
