"""`simulate`: one configuration on one traffic."""

import math

from workbench.tune.durations.model import DurationModel
from workbench.tune.simulate.asynchronous import simulate_events
from workbench.tune.simulate.fifo import simulate_fifo_queue
from workbench.tune.simulate.queues import simulate_queue
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.simulated import Simulated
from workbench.tune.simulate.streams import simulate_stream
from workbench.tune.simulate.traffic import Traffic


def simulate(
    traffic: Traffic,
    settings: Settings,
    model: DurationModel,
    seed: int = 0,
    until_s: float | None = None,
) -> Simulated:
    """What would have become of the traffic under these settings.

    Args:
        traffic: what arrived.
        settings: mapping, queue, function, and how the service is taken to behave.
        model: how long the handler takes and how often it fails.
        seed: of chance; the same seed gives the same luck to the same record under any settings.
        until_s: where the clock stops; None: when everything has met its fate.

    Returns:
        The outcome; the same arguments give the same bytes.

    Example:
        >>> simulate(traffic, settings, DurationModel(base_ms=50)).age_quantile_s(0.99)  # doctest: +SKIP
    """
    stop_s = math.inf if until_s is None else until_s
    match settings.kind:
        case "sqs":
            return simulate_queue(traffic, settings, model, seed, stop_s)
        case "sqs_fifo":
            return simulate_fifo_queue(traffic, settings, model, seed, stop_s)
        case "kinesis" | "dynamodb":
            return simulate_stream(traffic, settings, model, seed, stop_s)
        case "event":
            return simulate_events(traffic, settings, model, seed, stop_s)
