"""All candidates on the same arrivals with the same luck, so that their differences are those of the settings."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Protocol, TypeVar

from workbench.tune.durations.model import DurationModel
from workbench.tune.search.blocks import busiest
from workbench.tune.search.candidates import Candidate
from workbench.tune.search.measures import Measures, measure
from workbench.tune.search.monthly import Pricing
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.simulated import Simulated
from workbench.tune.simulate.traffic import Traffic

THREADS = 2
"""The simulator lets go of the interpreter's lock."""
PRUNED_FROM_RECORDS = 200_000
"""Larger traffics are first tried on their busiest minutes alone."""
COARSE_SHARE = 0.1
CLEARLY = 1.25
"""What another one betters by this factor in everything, in the busiest minutes, is not tried on the whole."""

Progress = Callable[[str, int, int], None]
"""Called between candidates with what is done, how many are, and of how many; what it raises ends the work."""
Thing = TypeVar("Thing")
Found = TypeVar("Found")


class Simulate(Protocol):
    """`workbench.tune.simulate.run.simulate`, or another simulator of the same words."""

    def __call__(
        self, traffic: Traffic, settings: Settings, model: DurationModel, seed: int = 0
    ) -> Simulated:
        """One configuration on one traffic."""
        ...


@dataclass(frozen=True, slots=True)
class Scene:
    """What every candidate meets alike."""

    simulate: Simulate
    traffic: Traffic
    model: DurationModel
    pricing: Pricing
    seed: int = 0
    span_s: float | None = None
    """How long the traffic lasted; None: from its first arrival to its last."""

    def measured(self, settings: Settings) -> Measures:
        """The measures of one configuration."""
        simulated = self.simulate(self.traffic, settings, self.model, seed=self.seed)
        return self.judged(simulated, settings)

    def judged(self, simulated: Simulated, settings: Settings) -> Measures:
        """The measures of what was simulated."""
        span_s = self.traffic.span_s if self.span_s is None else self.span_s
        return measure(simulated, self.pricing.per_month(simulated, settings, span_s))


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A candidate and its measures."""

    candidate: Candidate
    measures: Measures
    is_exact: bool
    """On the whole traffic; else on its busiest minutes, in which it was clearly beaten: its cost is theirs."""


def evaluate(
    scene: Scene, candidates: Sequence[Candidate], progress: Progress | None = None
) -> tuple[Evaluated, ...]:
    """The measures of each candidate, in the order given.

    A large traffic is tried on its busiest minutes first (tails are made there), and on the whole by those that no
    other candidate beats clearly in everything; the captured configuration always is.
    """
    if len(scene.traffic) <= PRUNED_FROM_RECORDS:
        exact = in_parallel(
            lambda each: scene.measured(each.settings), candidates, "simulated", progress
        )
        return tuple(map(Evaluated, candidates, exact, [True] * len(candidates)))
    coarse_scene = Scene(
        scene.simulate,
        busiest(scene.traffic, int(len(scene.traffic) * COARSE_SHARE)),
        scene.model,
        scene.pricing,
        scene.seed,
    )
    coarse = in_parallel(
        lambda each: coarse_scene.measured(each.settings), candidates, "tried", progress
    )
    survivors = [
        place
        for place, each in enumerate(candidates)
        if each.is_current or not any(_betters_clearly(other, coarse[place]) for other in coarse)
    ]
    exact = in_parallel(
        lambda place: scene.measured(candidates[place].settings), survivors, "simulated", progress
    )
    known = dict(zip(survivors, exact, strict=True))
    return tuple(
        Evaluated(each, known.get(place, coarse[place]), place in known)
        for place, each in enumerate(candidates)
    )


def in_parallel(
    work: Callable[[Thing], Found],
    things: Sequence[Thing],
    what: str,
    progress: Progress | None = None,
) -> list[Found]:
    """The work's result of each thing, in order; what `progress` raises ends it before the next thing begins."""
    with ThreadPoolExecutor(THREADS) as pool:
        waiting = [pool.submit(work, thing) for thing in things]
        try:
            for done, future in enumerate(as_completed(waiting), 1):
                future.result()
                if progress is not None:
                    progress(what, done, len(things))
        except BaseException:
            for future in waiting:
                future.cancel()
            raise
        return [future.result() for future in waiting]


def _betters_clearly(other: Measures, measures: Measures) -> bool:
    return (
        other.p99_age_ms * CLEARLY < measures.p99_age_ms
        and other.p50_age_ms * CLEARLY < measures.p50_age_ms
        and other.cost_per_month * CLEARLY < measures.cost_per_month
        and other.dead_letter_share <= measures.dead_letter_share
        and other.duplicate_share <= measures.duplicate_share
    )
