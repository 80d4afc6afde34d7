"""Replays give the shape, production the scale."""

import pytest

from tests.workbench.tune.durations.test_fit import frame, logged
from workbench.errors import UsageError
from workbench.tune.durations.fit import fit
from workbench.tune.durations.replayed import with_replays


def test_replays_tell_apart_what_one_batch_size_could_not() -> None:
    production = logged(200, 40, seed=1, most=1)  # batches of one alone
    here = logged(50, 10, seed=2, count=600)  # four times as quick

    alone = fit(production)
    found = with_replays(alone, production, here)

    assert not alone.is_identifiable
    assert found.is_identifiable
    assert found.model.base_ms == pytest.approx(200, rel=0.25)
    assert found.model.per_record_ms == pytest.approx(40, rel=0.25)
    assert found.model.median_ms(1) == pytest.approx(alone.model.median_ms(1))
    assert any("replayed invocations" in note for note in found.notes)


def test_replays_of_one_batch_size_tell_nothing() -> None:
    production = logged(200, 40, seed=1, most=1)

    with pytest.raises(UsageError, match="wanted replays of several batch sizes"):
        with_replays(fit(production), production, logged(50, 10, seed=2, most=1))


def test_a_common_batch_size_is_wanted() -> None:
    production = frame([500.0] * 30, [10] * 30, ["success"] * 30)

    with pytest.raises(UsageError, match="that production and a replay both had"):
        with_replays(fit(production), production, logged(50, 10, seed=2, most=5))
