"""What a simulated configuration costs in a month, as far as the configuration has a say in it.

The price of a stream's shards, or of storage, is the same for every candidate, and left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from workbench.tune.cost.functions import LambdaUse, lambda_terms
from workbench.tune.cost.queues import SqsUse, sqs_terms
from workbench.tune.cost.terms import MONTH_HOURS, Rates, Term, total
from workbench.tune.dated import DatedTable
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.simulated import Simulated

CHUNK_BYTES = 65_536
"""Of a payload; each is a request. Source: Amazon SQS pricing."""
SPAN_LEAST_S = 1.0


@dataclass(frozen=True, slots=True)
class Pricing:
    """By which prices and rules a simulation is billed."""

    rates: Rates
    quotas: DatedTable
    architecture: str = "x86_64"
    packaging: str = "zip"

    def terms(self, simulated: Simulated, settings: Settings, span_s: float) -> tuple[Term, ...]:
        """The terms of a month of 30 days in which the simulated span goes on and on."""
        times = MONTH_HOURS * 3_600 / max(span_s, SPAN_LEAST_S)
        return (
            *self._function(simulated, settings, times),
            *_queue(simulated, settings, times, self.rates),
        )

    def per_month(self, simulated: Simulated, settings: Settings, span_s: float) -> float:
        """The sum of the terms that are known."""
        return total(self.terms(simulated, settings, span_s)).cost

    def _function(self, simulated: Simulated, settings: Settings, times: float) -> tuple[Term, ...]:
        calls = simulated.invocations
        at = self.rates.at
        step = self.quotas.value("lambda", "billing_step", at) or 1.0
        counts_init = bool(self.quotas.value("lambda", "init_billed", at, self.packaging))
        took_ms = (calls.duration_s + calls.init_s * counts_init) * 1_000
        # Rounded first: 0.1 + 0.2 ms must not make a millisecond of floating point.
        billed_ms = float((np.ceil(np.round(took_ms / step, 9)) * step).sum())
        gb_seconds = billed_ms / 1_000 * settings.memory_mb / 1_024 * times
        return lambda_terms(
            LambdaUse(len(calls) * times, gb_seconds, self.architecture), self.rates
        )


def _queue(simulated: Simulated, settings: Settings, times: float, rates: Rates) -> Iterator[Term]:
    if settings.kind not in ("sqs", "sqs_fifo"):
        return
    use = SqsUse(
        sends=float(-(-simulated.traffic.bytes // CHUNK_BYTES).sum()) * times,
        receives=simulated.receives * times,
        empty_receives=simulated.empty_receives * times,
        deletes=simulated.deletes * times,
        is_fifo=settings.kind == "sqs_fifo",
        poller_hours=float(settings.mapping.minimum_pollers or 0) * MONTH_HOURS,
    )
    yield from sqs_terms(use, rates)
