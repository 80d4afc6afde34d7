"""One lane of a stream once more, slow and readable, with no code shared: reads, retries, halves, ages."""

from dataclasses import dataclass, field
from datetime import timedelta

from tests.factories import T0
from workbench.mapping import Arrival, BatchLimits, close_batch
from workbench.tune.durations.model import DurationModel
from workbench.tune.simulate.chance import DURATION, POISON, RECORD_FAILURE, quantile, uniform
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.traffic import Traffic

ORIGIN = T0


@dataclass
class Fates:
    fate: dict[int, str] = field(default_factory=dict)
    ended_s: dict[int, float] = field(default_factory=dict)
    deliveries: dict[int, int] = field(default_factory=dict)


def plain_lane(  # noqa: C901 - told in one go, so that it can be read beside the guide
    traffic: Traffic, settings: Settings, model: DurationModel, seed: int
) -> Fates:
    """Every record of a single lane with its fate; no polls, no initialisations."""
    told = Fates()
    mapping = settings.mapping
    limits = BatchLimits(
        mapping.batch_size or 1,
        timedelta(seconds=settings.window_s),
        window_start=settings.profile.window_start,
    )
    limit = mapping.maximum_record_age_in_seconds
    age_most = settings.retention_s if limit is None or limit < 0 else limit
    unread = list(range(len(traffic)))
    parts: list[tuple[list[int], float, int]] = []
    free = -1e9
    while unread or parts:
        if not parts:
            arrivals = [
                Arrival(ORIGIN + timedelta(seconds=float(traffic.at_s[n])), int(traffic.bytes[n]))
                for n in unread
            ]
            closing = close_batch(arrivals, limits, ORIGIN + timedelta(seconds=free))
            # Where no more comes a window is waited for all the same.
            at = (closing.at - ORIGIN).total_seconds()
            parts.append((unread[: closing.count], at, 0))
            unread = unread[closing.count :]
        records, at, tried = parts.pop()
        at = max(at, free)
        old = [n for n in records if at - traffic.at_s[n] > age_most]
        head = 0
        while head < len(records) and records[head] in old:
            told.fate[records[head]], told.ended_s[records[head]] = "old", at
            head += 1
        if head:
            records, tried = records[head:], 0
        if not records:
            free = at
            continue
        attempt = told.deliveries.get(records[0], 0) + 1
        size = 14 + sum(int(traffic.bytes[n]) + 1 for n in records)
        lasts_s = model.median_ms(len(records), size) / 1_000
        lasts_s *= quantile(model.residuals, uniform(seed, records[0], attempt, DURATION))
        timed_out = lasts_s > settings.timeout_s
        free = at + min(lasts_s, settings.timeout_s)
        checkpoint = 0 if timed_out else len(records)
        for place, n in enumerate(records):
            told.deliveries[n] = told.deliveries.get(n, 0) + 1
            fails = (
                uniform(seed, n, told.deliveries[n], RECORD_FAILURE) < model.record_failure_share
                or uniform(seed, n, 0, POISON) < model.poison_share
            )
            if fails and not timed_out:
                checkpoint = min(checkpoint, place)
        whole = checkpoint < len(records) and (timed_out or not mapping.reports_failures)
        if whole:
            checkpoint = 0
        for n in records[:checkpoint]:
            told.fate[n], told.ended_s[n] = "done", free
        rest = records[checkpoint:]
        retries = mapping.maximum_retry_attempts
        if not rest:
            continue
        if checkpoint:
            parts.append((rest, free + 1, 0))
        elif mapping.bisect_batch_on_function_error and whole and len(rest) > 1:
            middle = -(-len(rest) // 2)
            parts += [(rest[middle:], free + 1, 0), (rest[:middle], free + 1, 0)]
        elif retries is not None and 0 <= retries <= tried:
            for n in rest:
                told.fate[n], told.ended_s[n] = "given up", free
        else:
            parts.append((rest, free + min(2.0 ** min(tried, 10), 60), tried + 1))
    return told
