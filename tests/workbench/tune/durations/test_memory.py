"""Another memory size gives a band of durations, never a line."""

import pytest

from workbench.tune.durations.memory import memory_band
from workbench.tune.durations.model import DurationModel

MODEL = DurationModel(base_ms=100, per_record_ms=10)


def test_half_the_memory_is_between_as_fast_and_half_as_fast() -> None:
    quick, slow = memory_band(MODEL, 1_024, 512)

    assert quick.median_ms(1) == MODEL.median_ms(1)
    assert slow.median_ms(1) == 2 * MODEL.median_ms(1)


def test_more_memory_is_between_twice_as_fast_and_no_faster() -> None:
    quick, slow = memory_band(MODEL, 512, 1_024)

    assert quick.median_ms(1) == MODEL.median_ms(1) / 2
    assert slow.median_ms(1) == MODEL.median_ms(1)


def test_above_a_whole_processor_nothing_is_gained() -> None:
    quick, _ = memory_band(MODEL, 1_769, 10_240)

    assert quick.median_ms(1) == pytest.approx(MODEL.median_ms(1))
