"""`back_test`: the captured configuration on the captured arrivals, simulated, and compared with what happened."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from workbench.mapping import WindowStart
from workbench.summary import Summary
from workbench.tune.durations.model import DurationModel
from workbench.tune.observed import Observed
from workbench.tune.simulate.profiles import PROFILES, Profile
from workbench.tune.simulate.run import simulate
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.simulated import DEAD_LETTERED, DISCARDED, SUCCEEDED, Simulated
from workbench.tune.simulate.traffic import Floats

AGE_FACTOR = 1.5
"""How many times too long or too short an age may be."""
AGE_FLOOR_S = 0.05
"""Added to both before they are compared: nobody tunes for less, and logs tell whole milliseconds."""
QUANTILES = {"age_p50": 0.5, "age_p90": 0.9, "age_p99": 0.99}
BATCH_SIZES_APART = 0.25
"""Share of the records that may be in batches of other sizes."""
CONCURRENCY_FACTOR = 1.5
DUPLICATES_APART = 0.05
"""Of the records."""
DEAD_LETTERS_APART = 0.02
LEAST_JOINED = 0.9
"""Share of the records whose invocation must be known: where a log names a few of each batch, batches look small."""
LEAST_RECORDS = 50
WINDOW_STARTS: tuple[WindowStart, ...] = ("previous_completion", "first_record")
SEEDS = 8
"""Runs with other luck: how far apart chance alone makes a measure."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One measure, as it was and as the model has it."""

    observed: float
    simulated: float
    misfit: float
    """1.0 is as far apart as may be."""
    is_ordered: bool = True
    """Whether one number says all that was compared."""


@dataclass(frozen=True, slots=True, repr=False)
class BackTest(Summary):
    """The verdict on the model."""

    accepted: bool
    misfit: float | None
    """The worst of the measures; 1.0 is as far apart as may be. None where nothing could be compared."""
    by_measure: dict[str, Compared]
    profile: Profile
    """The behaviour of the service that fits best."""
    settings: Settings
    """As captured, with that profile."""
    simulated: Simulated | None
    reason: str | None
    """Why it is refused, and what to do."""
    alike: tuple[Profile, ...] = ()
    """The behaviours that reproduce the capture as far as it can tell, the best fitting among them."""

    def document(self) -> dict[str, Any]:
        """The `backtest` member of `tune mapping --json`."""
        return {
            "accepted": self.accepted,
            "misfit": self.misfit,
            "by_measure": {
                name: {
                    "observed": each.observed,
                    "simulated": each.simulated,
                    "misfit": each.misfit,
                }
                for name, each in self.by_measure.items()
            },
            "profile": self.profile.name,
            "window_start": self.profile.window_start,
            "reason": self.reason,
        }

    def _facts(self) -> dict[str, Any]:
        """The verdict, and how far apart each measure is."""
        return {
            "accepted": self.accepted,
            "misfit": self.misfit,
            **({} if self.reason is None else {"reason": self.reason}),
            "behaviour": self.profile.name,
            **{
                name.replace(
                    "_", " "
                ): f"{each.observed:,.4g} observed, {each.simulated:,.4g} simulated"
                for name, each in self.by_measure.items()
            },
        }


def back_test(
    observed: Observed,
    model: DurationModel,
    profiles: Sequence[Profile] | None = None,
    seed: int = 0,
) -> BackTest:
    """Simulate what was captured, and compare.

    Args:
        observed: the capture.
        model: of the handler, fitted to it.
        profiles: behaviours of the service to try; None for all, each with both readings of when a window opens.
        seed: of chance.

    Returns:
        The best fitting behaviour, its misfit by measure: ages at three quantiles, batch sizes, concurrency,
        duplicates, dead letters. Where the worst is above 1.0 the model is refused.

    Example:
        >>> back_test(observed, fitted.model).accepted  # doctest: +SKIP
        True
    """
    tried = list(profiles if profiles is not None else _variants(observed.settings))
    if reason := _cannot(observed):
        return BackTest(False, None, {}, tried[0], observed.settings, None, reason)
    runs = {each: _simulated(observed, model, each, [seed]) for each in tried}
    by_profile = {each: _compared(observed, run) for each, run in runs.items()}
    # By all measures together: with one seed the worst of them may be mere luck.
    best = min(tried, key=lambda each: sum(one.misfit for one in by_profile[each].values()))
    settled = _simulated(observed, model, best, range(seed, seed + SEEDS))
    compared = _compared(observed, settled)
    misfit = _worst(compared)
    alike = [each for each in tried if each is best or _worst(by_profile[each]) <= 1.0]
    verdict = BackTest(
        misfit <= 1.0,
        misfit,
        compared,
        best,
        replace(observed.settings, profile=best),
        settled[0],
        None,
        tuple(alike if observed.settings.window_s else _with_both_starts(alike)),
    )
    return verdict if verdict.accepted else replace(verdict, reason=_refused(verdict))


def _simulated(
    observed: Observed, model: DurationModel, profile: Profile, seeds: Iterable[int]
) -> list[Simulated]:
    settings = replace(observed.settings, profile=profile)
    until_s = max(float(observed.traffic.at_s[-1]), observed.last_end_s)
    return [simulate(observed.traffic, settings, model, each, until_s) for each in seeds]


def _worst(compared: Mapping[str, Compared]) -> float:
    return max(each.misfit for each in compared.values())


def _variants(settings: Settings) -> list[Profile]:
    """All profiles; with both readings of a window where there is one."""
    profiles = list(PROFILES.values())
    return _with_both_starts(profiles) if settings.window_s else profiles


def _with_both_starts(profiles: Iterable[Profile]) -> list[Profile]:
    return [replace(each, window_start=start) for each, start in product(profiles, WINDOW_STARTS)]


def _cannot(observed: Observed) -> str | None:
    """Why there is nothing to compare with."""
    if len(observed.traffic) < LEAST_RECORDS:
        return (
            f"wanted {LEAST_RECORDS} records to compare with, found {len(observed.traffic)}; "
            "capture for longer. What was observed stands"
        )
    if observed.joined_share < LEAST_JOINED:
        return (
            f"wanted to know who took at least {LEAST_JOINED:.0%} of the records, found it for "
            f"{observed.joined_share:.0%}; "
            "capture the function's log to its end, with the event or the ids of its records in it"
        )
    return None


def _compared(observed: Observed, runs: Sequence[Simulated]) -> dict[str, Compared]:
    """Each measure against the nearest of what chance alone makes of it; shown beside is the middle one."""
    each_run = [_measures(observed, run) for run in runs]
    return {
        name: replace(
            sorted((run[name] for run in each_run), key=lambda one: one.simulated)[len(runs) // 2],
            misfit=_nearest([run[name] for run in each_run]),
        )
        for name in each_run[0]
    }


def _nearest(runs: Sequence[Compared]) -> float:
    """No misfit where what was observed lies among what was simulated."""
    low, high = (pick(one.simulated for one in runs) for pick in (min, max))
    if low <= runs[0].observed <= high and runs[0].is_ordered:
        return 0.0
    return min(one.misfit for one in runs)


def _measures(observed: Observed, simulated: Simulated) -> dict[str, Compared]:
    # The same records on both sides: those of which a line tells who took them.
    joined = ~np.isnan(observed.age_s)
    was = observed.age_s[joined]
    would = simulated.age_s[joined & (simulated.fate == SUCCEEDED)]
    found: dict[str, Compared] = {}
    for name, share in QUANTILES.items():
        age = float(np.quantile(was, share))
        model = float(np.quantile(would, share)) if len(would) else float("inf")
        found[name] = Compared(age, model, _times_apart(age, model, AGE_FLOOR_S, AGE_FACTOR))
    if len(observed.batch_sizes()):
        found["batch_size"] = _batch_sizes(observed, simulated)
    _, average = observed.concurrency()
    calls = simulated.invocations
    span = max(float((calls.begins_s + calls.duration_s).max() - calls.begins_s.min()), 1e-3)
    busy = float((calls.duration_s + calls.init_s).sum()) / span
    found["concurrency"] = Compared(
        average, busy, _times_apart(average, busy, 0.2, CONCURRENCY_FACTOR)
    )
    if observed.settings.kind in ("sqs", "sqs_fifo"):
        extra = float(np.maximum(observed.deliveries - 1, 0).mean())
        model = simulated.duplicates / len(simulated.deliveries)
        found["duplicates"] = _difference(extra, model, DUPLICATES_APART)
    if observed.dead_letters is not None:
        letters = observed.dead_letters / len(observed.traffic)
        model = simulated.share(DEAD_LETTERED) + simulated.share(DISCARDED)
        found["dead_letters"] = _difference(letters, model, DEAD_LETTERS_APART)
    return found


def _batch_sizes(observed: Observed, simulated: Simulated) -> Compared:
    """How many records are in batches of another size: half the distance of the two histograms."""
    known = observed.invocations.drop_nulls("records")
    was, would = known["records"].to_numpy(), simulated.invocations.records
    most = int(max(was.max(initial=1), would.max(initial=1)))
    distance = 0.5 * float(np.abs(_by_size(was, most) - _by_size(would, most)).sum())
    # Neighbouring sizes are alike: what is compared is where the records lie, within a tenth of the size.
    moved = _moved(was, would)
    apart = min(distance, moved)
    return Compared(float(was.mean()), float(would.mean()), apart / BATCH_SIZES_APART, False)


def _by_size(sizes: np.ndarray[Any, Any], most: int) -> Floats:
    """Share of the records in batches of each size."""
    counted = np.bincount(sizes, weights=sizes, minlength=most + 1)
    shares: Floats = counted / counted.sum()
    return shares


def _moved(was: np.ndarray[Any, Any], would: np.ndarray[Any, Any]) -> float:
    """How far sizes are apart, as a share of the larger mean: the area between the two distributions."""
    places = np.linspace(0.0, 1.0, 201)
    gap = np.abs(np.quantile(was, places) - np.quantile(would, places)).mean()
    return float(gap / max(was.mean(), would.mean()))


def _times_apart(was: float, would: float, floor: float, factor: float) -> float:
    if not np.isfinite(would):
        return float("inf")
    return float(abs(np.log((would + floor) / (was + floor))) / np.log(factor))


def _difference(was: float, would: float, apart: float) -> Compared:
    """Shares: what is rare may differ by so much, what is common by half of itself."""
    return Compared(was, would, abs(would - was) / max(apart, 0.5 * was))


def _refused(tested: BackTest) -> str:
    name, worst = max(tested.by_measure.items(), key=lambda each: each[1].misfit)
    return (
        f"the model does not reproduce the capture: {name.replace('_', ' ')} was {worst.observed:.3g}, simulated "
        f"{worst.simulated:.3g}; capture the mapping, the function's configuration and its whole log of a time without "
        "changes, or look for what else held the function up (other sources, throttles, a dependency)"
    )
