"""Systems whose behaviour is known in closed form, as settings and traffic of the simulator."""

from dataclasses import replace
from math import inf

import numpy as np

from tests.factories import T0
from workbench.mapping import EventSourceMapping, WindowStart
from workbench.tune.durations.model import DurationModel
from workbench.tune.simulate.profiles import PROFILES
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.simulated import Simulated
from workbench.tune.simulate.traffic import Floats, Traffic, plain_traffic

SHARES = (np.arange(8_192) + 0.5) / 8_192
EXPONENTIAL: Floats = -np.log(1 - SHARES)
"""Quantiles of the exponential law of mean 1; as residuals they make exponential services."""
NEVER_S = 1e9


def poisson(rate: float, count: int, seed: int = 1) -> Traffic:
    """Arrivals at random."""
    gaps = np.random.default_rng(seed).exponential(1 / rate, count)
    return plain_traffic(T0, np.cumsum(gaps))


def servers(
    count: int,
    *,
    batch_size: int = 1,
    window_s: int = 0,
    window_start: WindowStart = "first_record",
    visibility_timeout_s: float = NEVER_S,
    max_receive_count: int | None = None,
    reports: bool = False,
    **more: object,
) -> Settings:
    """A queue whose pollers are `count` servers from the start, with nothing else in the way."""
    mapping = EventSourceMapping(
        batch_size=batch_size,
        maximum_batching_window_in_seconds=window_s,
        function_response_types=("ReportBatchItemFailures",) if reports else (),
    ).completed("sqs")
    plain = replace(
        PROFILES["documented"],
        sqs_concurrency_start=count,
        sqs_concurrency_max=count,
        environments_added_per_10_s=1e9,
        window_start=window_start,
    )
    settings = Settings(
        kind="sqs",
        mapping=mapping,
        timeout_s=900,
        account_concurrency=100_000,
        visibility_timeout_s=visibility_timeout_s,
        max_receive_count=max_receive_count,
        retention_s=inf,
        profile=plain,
    )
    return replace(settings, **more)  # type: ignore[arg-type]


def exponential(mean_s: float) -> DurationModel:
    """Services at random, of any batch."""
    return DurationModel(base_ms=mean_s * 1_000, residuals=EXPONENTIAL)


def waits(outcome: Simulated) -> Floats:
    """From arrival to the begin of the first invocation."""
    found: Floats = outcome.first_begins_s - outcome.traffic.at_s
    return found
