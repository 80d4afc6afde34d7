"""The back-test accepts a capture that tells the truth, and refuses one whose configuration is not what ran."""

from dataclasses import replace

import pytest

from tests.workbench.tune.captures import Happened, arrivals, happened
from tests.workbench.tune.simulate.systems import servers
from workbench.tune.backtest import BackTest, back_test
from workbench.tune.durations.fit import fit
from workbench.tune.durations.model import DurationModel
from workbench.tune.observed import Observed
from workbench.tune.simulate.settings import Settings


def story(batch_size: int, pollers: int, *, seed: int = 1, base_ms: float = 400) -> Happened:
    model = DurationModel(base_ms=base_ms, per_record_ms=40, record_failure_share=0.01)
    settings = servers(pollers, batch_size=batch_size, visibility_timeout_s=30)
    return happened(arrivals(5, 600, seed), settings, model, seed)


def judged(seen: Observed, settings: Settings | None = None) -> BackTest:
    model = fit(seen.invocations).model
    return back_test(seen, model, [(settings or seen.settings).profile])


@pytest.mark.parametrize("batch_size", [1, 5, 10])
def test_an_honest_capture_is_reproduced(batch_size: int) -> None:
    accepted = [judged(story(batch_size, 6, seed=seed).observed()).accepted for seed in range(6)]

    assert all(accepted)


def test_a_batch_size_that_did_not_run_is_refused() -> None:
    was = story(1, 4, base_ms=700)
    claimed = servers(4, batch_size=10, visibility_timeout_s=30)

    verdict = judged(was.observed(claimed))

    assert not verdict.accepted
    assert verdict.misfit > 1
    assert "does not reproduce the capture" in verdict.reason


def test_a_hidden_cap_is_refused() -> None:
    was = story(1, 2, base_ms=500)
    claimed = servers(50, batch_size=1, visibility_timeout_s=30)

    verdict = judged(was.observed(claimed))

    assert not verdict.accepted
    assert verdict.by_measure["age_p99"].misfit > 1


def test_a_model_of_another_handler_is_refused() -> None:
    seen = story(5, 6).observed()

    verdict = back_test(seen, DurationModel(base_ms=4_000), [seen.settings.profile])

    assert not verdict.accepted


def test_the_profile_that_fits_is_named() -> None:
    seen = story(5, 6).observed()
    slow = replace(seen.settings.profile, name="slower", sqs_receive_s=5.0)

    verdict = back_test(seen, fit(seen.invocations).model, [slow, seen.settings.profile])

    assert verdict.accepted
    assert verdict.profile.name == "documented"


def test_too_little_to_compare_with_is_said() -> None:
    seen = story(5, 6).observed()
    model = fit(seen.invocations).model
    nothing = replace(seen, age_s=seen.age_s * float("nan"))

    verdict = back_test(nothing, model)

    assert not verdict.accepted
    assert verdict.misfit is None
    assert "capture the function's log" in (verdict.reason or "")
    assert verdict.document()["accepted"] is False
