"""The fit finds the handler that was, says how sure it is, and where it cannot be sure says what would help."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from workbench.errors import UsageError
from workbench.tune.durations.fit import fit


def logged(
    base_ms: float,
    each_ms: float,
    seed: int,
    *,
    count: int = 400,
    failing: float = 0.0,
    most: int = 10,
) -> pl.DataFrame:
    """Invocations of a handler that is known, of batches between 1 and `most` records."""
    random = np.random.default_rng(seed)
    sizes = random.integers(1, most + 1, count)
    took = (base_ms + each_ms * sizes) * random.lognormal(0, 0.4, count)
    failed = random.random(count) < 1 - (1 - failing) ** sizes
    return frame(took, sizes, ["error" if each else "success" for each in failed])


def frame(took: Any, sizes: Any, status: Any) -> pl.DataFrame:
    nothing = pl.Series([None] * len(sizes), dtype=pl.Float64)
    return pl.DataFrame(
        {"duration_ms": took, "records": sizes, "status": status, "init_ms": nothing}
    )


def test_the_handler_is_found() -> None:
    found = fit(logged(50, 20, seed=1, count=5_000))

    assert found.model.base_ms == pytest.approx(50, rel=0.15)
    assert found.model.per_record_ms == pytest.approx(20, rel=0.1)
    assert np.median(found.model.residuals) == pytest.approx(1.0, abs=0.03)
    assert np.std(np.log(found.model.residuals)) == pytest.approx(0.4, rel=0.1)
    assert found.is_identifiable


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held = 0
    for seed in range(24):
        found = fit(logged(50, 20, seed), seed=seed)
        low, high = found.base_ms_interval
        each_low, each_high = found.per_record_ms_interval
        held += low <= 50 <= high
        held += each_low <= 20 <= each_high

    assert held >= 40


@pytest.mark.parametrize(("base_ms", "each_ms"), [(100, 0), (0, 30)])
def test_a_handler_without_one_of_the_parts_is_found(base_ms: float, each_ms: float) -> None:
    found = fit(logged(base_ms, each_ms, seed=3, count=2_000))

    assert found.model.base_ms == pytest.approx(base_ms, abs=12)
    assert found.model.per_record_ms == pytest.approx(each_ms, abs=2.5)


def test_batches_of_one_size_tell_no_part_a_record() -> None:
    found = fit(frame([100.0, 120.0] * 20, [10] * 40, ["success"] * 40))

    assert not found.is_identifiable
    assert "all batches had 10 records" in found.notes[0]
    assert "--batch-size" in found.notes[0]
    assert found.model.median_ms(10) == pytest.approx(110, rel=0.1)


def test_failures_of_records_are_told_from_failures_of_batches() -> None:
    of_records = fit(logged(50, 5, seed=4, count=4_000, failing=0.05)).model
    random = np.random.default_rng(5)
    sizes = random.integers(1, 11, 4_000)
    flat = np.where(random.random(4_000) < 0.2, "error", "success")
    of_batches = fit(frame(50.0 + sizes, sizes, flat)).model

    assert of_records.record_failure_share == pytest.approx(0.05, rel=0.15)
    assert of_records.batch_failure_share == 0
    assert of_batches.batch_failure_share == pytest.approx(0.2, rel=0.15)
    assert of_batches.record_failure_share == 0


def test_timeouts_have_no_say_in_the_median_and_stay_longer_than_the_timeout() -> None:
    rows = frame([100.0] * 90 + [3_000.0] * 10, [1, 2] * 50, ["success"] * 90 + ["timeout"] * 10)

    found = fit(rows)

    assert found.model.median_ms(1) == pytest.approx(100, rel=0.01)
    beyond = found.model.residuals * found.model.median_ms(1) > 3_000
    assert beyond.mean() == pytest.approx(0.1, abs=0.01)
    assert found.model.batch_failure_share == found.model.record_failure_share == 0
    assert any("10 invocations ended at the timeout" in note for note in found.notes)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (frame([1.0] * 5, [1] * 5, ["success"] * 5), "found 5: capture for longer"),
        (frame([None] * 50, [1] * 50, ["success"] * 50), "found no REPORT lines"),
        (
            frame([1.0] * 50, pl.Series([None] * 50, dtype=pl.Int64), ["success"] * 50),
            "found no line that names",
        ),
    ],
)
def test_what_is_missing_is_said(rows: pl.DataFrame, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        fit(rows)
