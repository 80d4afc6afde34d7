"""A queue of which single messages wait for one of a fixed number of servers: the same outcome by a shorter way."""

import numpy as np

from workbench.mapping import EVENT_BYTES_EMPTY, PAYLOAD_BYTES_MAX
from workbench.tune.durations.model import DurationModel
from workbench.tune.simulate.chance import DURATION, quantile, uniform
from workbench.tune.simulate.compiled import compiled, inlined
from workbench.tune.simulate.invoking import Calls, new_fates
from workbench.tune.simulate.pollers import EVER, PollerScaling
from workbench.tune.simulate.queue_rules import DELETES, RECEIVES, told_queue
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.simulated import SUCCEEDED, Simulated
from workbench.tune.simulate.traffic import Floats, Integers, Traffic

FEW = 256
"""Up to so many servers their order is kept faster in a row than in a heap."""


def is_plain(settings: Settings, model: DurationModel, scaling: PollerScaling) -> bool:
    """Whether nothing else can happen, but that a message becomes too old."""
    longest_s = model.median_ms(1, PAYLOAD_BYTES_MAX) / 1_000 * float(model.residuals[-1])
    return (
        settings.mapping.batch_size == 1
        and settings.window_s == 0
        and scaling.start == scaling.most <= min(settings.concurrency_max, FEW)
        and settings.profile.sqs_receive_s == 0
        and settings.profile.environments_added_per_10_s >= scaling.most
        and not (model.record_failure_share or model.batch_failure_share or model.poison_share)
        and not model.init_ms.any()
        and longest_s <= min(settings.timeout_s, settings.effective_visibility_s)
    )


def simulate_plain(
    traffic: Traffic, model: DurationModel, seed: int, servers: int, retention_s: float
) -> Simulated | None:
    """What the whole simulation of the queue says, where `is_plain`; None where a message becomes too old."""
    count = len(traffic)
    begins, durations, ends, longest_s = _serve(
        traffic.at_s,
        traffic.bytes,
        seed,
        servers,
        (model.base_ms + model.per_record_ms) / 1_000,
        model.per_byte_ms / 1_000,
        model.residuals,
    )
    if longest_s > retention_s:
        return None
    ones = np.ones(count, dtype=np.int64)
    calls = Calls(begins, durations, np.zeros(count), ones, np.zeros(count, dtype=np.bool_))
    fates = new_fates(0)._replace(
        first_begins_s=begins,
        ended_s=ends,
        deliveries=ones,
        fate=np.full(count, SUCCEEDED, dtype=np.int8),
    )
    counts = np.zeros(4, dtype=np.int64)
    counts[RECEIVES] = counts[DELETES] = count
    return told_queue(traffic, fates, calls, count, counts, servers)


@compiled
def _serve(
    at_s: Floats,
    sizes_bytes: Integers,
    seed: int,
    servers: int,
    base_s: float,
    byte_s: float,
    residuals: Floats,
) -> tuple[Floats, Floats, Floats, float]:
    """Begin, length and end of each service, and the longest wait: who is free for longest takes the next."""
    count = len(at_s)
    begins, durations, ends, longest_s = np.empty(count), np.empty(count), np.empty(count), 0.0
    free = np.full(servers, EVER)
    for place in range(count):
        begin = max(at_s[place], free[0])
        lasts_s = base_s + byte_s * (EVENT_BYTES_EMPTY + sizes_bytes[place] + 1)
        lasts_s *= quantile(residuals, uniform(seed, place, 1, DURATION))
        _replace_first(free, begin + lasts_s)
        begins[place], durations[place], ends[place] = begin, lasts_s, begin + lasts_s
        longest_s = max(longest_s, begin - at_s[place])
    return begins, durations, ends, longest_s


@inlined
def _replace_first(ascending: Floats, instant: float) -> None:
    """Take the first of an ascending row out and put another in, without a branch: a processor does several at once."""
    last = len(ascending) - 1
    for place in range(last):
        below = ascending[place + 1] if ascending[place + 1] < instant else instant
        ascending[place] = ascending[place] if ascending[place] > below else below
    ascending[last] = ascending[last] if ascending[last] > instant else instant
