"""From a capture to a model that has been held against it."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from workbench.errors import UsageError
from workbench.tune.backtest import BackTest, back_test
from workbench.tune.durations.fit import Fitted, fit
from workbench.tune.durations.memory import memory_band
from workbench.tune.durations.model import DurationModel
from workbench.tune.durations.replayed import with_replays
from workbench.tune.observed import Observed
from workbench.tune.simulate.run import simulate
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.simulated import Simulated
from workbench.tune.simulate.traffic import Traffic

POISON_ATTEMPTS = 3
"""A record that failed so often and never succeeded fails always. Assumed."""
SETTLES_S = 3_600.0
"""How long after the last arrival a simulation goes on, or 20 visibility timeouts where those are longer."""


@dataclass(frozen=True, slots=True)
class Modelled:
    """The handler, and the verdict on it and on the service's behaviour together."""

    fitted: Fitted
    tested: BackTest


def modelled(seen: Observed, seed: int = 0, replayed: pl.DataFrame | None = None) -> Modelled | str:
    """The model of a capture; one sentence where there is not enough to fit one to.

    Args:
        seen: the capture.
        seed: of chance.
        replayed: invocations of local replays that tell how a duration grows with the batch.
    """
    poison = np.isnan(seen.age_s) & (seen.failed_attempts >= POISON_ATTEMPTS)
    share = float(poison.mean())
    failing = None
    if seen.settings.mapping.reports_failures:
        # The log says success; that records failed is seen where they come again.
        again = float(np.maximum(seen.deliveries[~poison], 1).mean()) if not poison.all() else 1.0
        failing = 1.0 - 1.0 / again
    try:
        fitted = fit(seen.invocations, record_failure_share=failing, poison_share=share, seed=seed)
        if replayed is not None:
            fitted = with_replays(fitted, seen.invocations, replayed)
    except UsageError as error:
        return str(error)
    memory_mb = seen.settings.memory_mb
    measured = replace(
        fitted,
        model=replace(fitted.model, memory_mb=memory_mb),
        draws=tuple(replace(each, memory_mb=memory_mb) for each in fitted.draws),
    )
    return Modelled(measured, back_test(seen, measured.model, seed=seed))


def settled(traffic: Traffic, settings: Settings, model: DurationModel, seed: int = 0) -> Simulated:
    """The simulation until its traffic has settled: what fails for days is in flight by then.

    With another memory size than the measured one, the handler is the slowest that it may be.
    """
    if model.memory_mb is not None and settings.memory_mb != model.memory_mb:
        model = memory_band(model, model.memory_mb, settings.memory_mb)[1]
    if not len(traffic):
        return simulate(traffic, settings, model, seed)
    more_s = max(SETTLES_S, 20 * settings.effective_visibility_s)
    return simulate(traffic, settings, model, seed, float(traffic.at_s[-1]) + more_s)
