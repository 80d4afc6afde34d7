"""Which candidate to recommend when another day brings other traffic: probability, not a single figure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.tune.durations.model import DurationModel
from workbench.tune.search.blocks import block_length_s, redrawn
from workbench.tune.search.evaluate import Evaluated, Progress, Scene, in_parallel
from workbench.tune.search.measures import Measures
from workbench.tune.search.slo import Slo
from workbench.tune.simulate.profiles import Profile
from workbench.tune.simulate.settings import Settings

REPLICATES = 200
FINALISTS = 5
RECORDS_MOST = 100_000
"""Of a redrawn traffic: a longer one tells no more of p99, which needs about 1,000 records."""
BEATEN_SHARE = 0.95
"""Beaten: worse in so many of the redrawn traffics."""
ASSURED = 0.95
"""The probability of meeting the SLO that a recommendation has, where any candidate has it."""
EQUAL_COST = 1.01
"""Costs that differ by less than 1 % are called equal; then the simpler change wins."""
HEADROOM = (1.0, 0.9, 0.7, 0.5)
"""Finalists: the cheapest whose ages stay under so much of what is allowed."""
NEAR_COST = 1.5
"""What costs more than so many times the best is not weighed again with other models."""
WEIGHED_RECORDS = 20_000
"""Of a redrawn traffic, where many candidates are weighed with many models."""
PARETO = ("p99_age_ms", "cost_per_month", "dead_letter_share", "duplicate_share")


@dataclass(frozen=True, slots=True)
class Finalist:
    """A candidate that was tried on redrawn traffics."""

    place: int
    """Among the evaluated."""
    probability: float
    """Share of the redrawn traffics in which it meets the SLO."""
    is_beaten: bool
    """By another one in at least 95 % of them."""
    p99_age_ms: tuple[float, float]
    """What 95 % of the redrawn traffics lie between."""
    cost_per_month: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The outcome: places among the evaluated."""

    finalists: tuple[Finalist, ...]
    not_beaten: tuple[int, ...]
    """Those that the capture cannot tell from the best, the recommended one among them."""
    recommended: int | None
    """None: none meets the SLO."""


def pareto(evaluated: Sequence[Evaluated]) -> tuple[int, ...]:
    """The places that no other one betters: no worse in age, cost, dead letters and duplicates, and better in one."""
    table = np.array([[getattr(each.measures, name) for name in PARETO] for each in evaluated])
    kept = []
    for place, row in enumerate(table):
        no_worse = (table <= row).all(axis=1)
        better = (table < row).any(axis=1)
        if evaluated[place].is_exact and not (no_worse & better).any():
            kept.append(place)
    return tuple(kept)


def rank(
    scene: Scene,
    evaluated: Sequence[Evaluated],
    slo: Slo,
    busy_s: float = 0.0,
    models: Sequence[DurationModel] = (),
    profiles: Sequence[Profile] = (),
    replicates: int = REPLICATES,
    progress: Progress | None = None,
) -> Ranking:
    """The cheapest candidate that meets the SLO with assurance, and all that cannot be told from it.

    Args:
        scene: what they were evaluated in.
        evaluated: the captured configuration first.
        slo: what is wanted.
        busy_s: a typical busy period of the traffic, for the length of the blocks.
        models: others that explain the capture as well; what is best with one of them is not told from the best.
        profiles: behaviours of the service that do, for the models in turn.
        replicates: how many traffics are drawn.
        progress: called between traffics.
    """
    today = evaluated[0].measures
    meeting = sorted(
        (
            place
            for place, each in enumerate(evaluated)
            if each.is_exact and slo.is_met(each.measures, today)
        ),
        key=lambda place: evaluated[place].measures.cost_per_month,
    )
    if not meeting:
        return Ranking((), (), None)
    places = _finalists(evaluated, meeting, slo, today)
    draws = _draws(scene, [evaluated[place] for place in places], busy_s, replicates, progress)
    met = np.array([[slo.is_met(row[at], row[0]) for at in range(len(places))] for row in draws])
    costs = np.array([[each.cost_per_month for each in row] for row in draws])
    probabilities = met.mean(axis=0)
    assured = min(ASSURED, float(probabilities[[place in meeting for place in places]].max()))
    beaten = _beaten(met, costs)
    finalists = tuple(
        Finalist(
            place,
            float(probabilities[at]),
            bool(beaten[at]),
            _middle(np.array([row[at].p99_age_ms for row in draws])),
            _middle(costs[:, at]),
        )
        for at, place in enumerate(places)
    )
    sure = [each for each in finalists if each.place in meeting and each.probability >= assured]
    cheapest = min(evaluated[each.place].measures.cost_per_month for each in sure)
    equal = [
        each.place
        for each in sure
        if evaluated[each.place].measures.cost_per_month <= cheapest * EQUAL_COST
    ]
    best = min(
        equal, key=lambda place: (len(evaluated[place].candidate.changes), places.index(place))
    )
    alike = {
        place
        for place in meeting
        if evaluated[place].measures.cost_per_month <= cheapest * EQUAL_COST
    }
    open_ = {each.place for each in finalists if each.place in meeting and not each.is_beaten}
    near = _near(evaluated, cheapest)
    worlds = [
        _World(model, profiles[number % len(profiles)] if profiles else None)
        for number, model in enumerate(models)
    ]
    other = _best_in(scene, evaluated, near, slo, busy_s, worlds, progress)
    return Ranking(finalists, tuple(sorted(alike | open_ | other | {best})), best)


def _near(evaluated: Sequence[Evaluated], cheapest: float) -> tuple[int, ...]:
    """The captured one, and what with a somewhat other handler could be the best; nothing is too slow for that."""
    return tuple(
        place
        for place, each in enumerate(evaluated)
        if place == 0 or (each.is_exact and each.measures.cost_per_month <= cheapest * NEAR_COST)
    )


@dataclass(frozen=True, slots=True)
class _World:
    """A handler and a service that explain the capture; None: the service as it is taken to be."""

    model: DurationModel
    profile: Profile | None

    def at(self, settings: Settings) -> Settings:
        """The settings in this world."""
        return settings if self.profile is None else replace(settings, profile=self.profile)


def _best_in(
    scene: Scene,
    evaluated: Sequence[Evaluated],
    places: Sequence[int],
    slo: Slo,
    busy_s: float,
    worlds: Sequence[_World],
    progress: Progress | None,
) -> set[int]:
    """The places that are the cheapest to meet the SLO in one of the worlds, each with a traffic of its own."""
    redraw = _Redraw(scene, busy_s, WEIGHED_RECORDS)

    def drawn(number: int) -> int | None:
        world = worlds[number]
        other = redraw(number, world.model)
        measures = [other.measured(world.at(evaluated[at].candidate.settings)) for at in places]
        meeting = [at for at, each in enumerate(measures) if slo.is_met(each, measures[0])]
        if not meeting:
            return None
        return places[min(meeting, key=lambda at: measures[at].cost_per_month)]

    found = in_parallel(drawn, range(len(worlds)), "weighed", progress)
    return {place for place in found if place is not None}


def _finalists(
    evaluated: Sequence[Evaluated], meeting: Sequence[int], slo: Slo, today: Measures
) -> list[int]:
    """The captured one, then the cheapest with less and less of the allowed age used up, then the next cheapest."""
    chosen = [0]
    for share in HEADROOM:
        roomy = [
            place for place in meeting if _has_room(evaluated[place].measures, slo, today, share)
        ]
        chosen += roomy[:1]
    simple = sorted(meeting, key=lambda place: _cost_step(evaluated, place, meeting))
    return list(dict.fromkeys([*chosen, *simple]))[:FINALISTS]


def _cost_step(
    evaluated: Sequence[Evaluated], place: int, meeting: Sequence[int]
) -> tuple[int, int]:
    """Costs in steps of what counts as equal, then the simpler change."""
    least = max(evaluated[meeting[0]].measures.cost_per_month, 1e-12)
    cost = max(evaluated[place].measures.cost_per_month, 1e-12)
    return int(np.log(cost / least) / np.log(EQUAL_COST)), len(evaluated[place].candidate.changes)


def _has_room(measures: Measures, slo: Slo, today: Measures, share: float) -> bool:
    return all(
        getattr(measures, each.measure) <= each.limit(today) * share
        for each in slo.objectives
        if each.measure.endswith("_age_ms")
    )


def _draws(
    scene: Scene,
    finalists: Sequence[Evaluated],
    busy_s: float,
    replicates: int,
    progress: Progress | None,
) -> list[list[Measures]]:
    """One row a redrawn traffic: the measures of each finalist on it."""
    redraw = _Redraw(scene, busy_s, RECORDS_MOST)

    def drawn(number: int) -> list[Measures]:
        other = redraw(number, scene.model)
        return [other.measured(each.candidate.settings) for each in finalists]

    return in_parallel(drawn, range(1, replicates + 1), "redrawn", progress)


class _Redraw:
    """Scenes of another day: the traffic drawn again, with luck of its own."""

    def __init__(self, scene: Scene, busy_s: float, records_most: int) -> None:
        self._scene, self._length_s = scene, block_length_s(scene.traffic, busy_s)
        whole_s = scene.traffic.span_s if scene.span_s is None else scene.span_s
        self._span_s = whole_s * min(1.0, records_most / max(len(scene.traffic), 1))

    def __call__(self, number: int, model: DurationModel) -> Scene:
        """The day of this number, with a handler like this."""
        scene = self._scene
        chance = np.random.default_rng((scene.seed, number))
        traffic = redrawn(scene.traffic, self._length_s, chance, self._span_s)
        return Scene(
            scene.simulate, traffic, model, scene.pricing, scene.seed + number, self._span_s
        )


def _beaten(met: NDArray[np.bool_], costs: NDArray[np.float64]) -> NDArray[np.bool_]:
    """For each finalist, whether some other one is better in 95 % of the traffics, compared traffic by traffic."""
    count = met.shape[1]
    beaten = np.zeros(count, dtype=np.bool_)
    for one in range(count):
        for other in range(count):
            cheaper = costs[:, other] * EQUAL_COST < costs[:, one]
            better = (met[:, other] & ~met[:, one]) | ((met[:, other] == met[:, one]) & cheaper)
            beaten[one] |= bool(better.mean() >= BEATEN_SHARE)
    return beaten


def _middle(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(values, (0.025, 0.975), method="inverted_cdf")
    return float(low), float(high)
