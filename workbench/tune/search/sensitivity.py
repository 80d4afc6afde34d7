"""What breaks first when the world is not as it was captured."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workbench.tune.durations.model import DurationModel
from workbench.tune.search.blocks import busiest_stretch, denser
from workbench.tune.search.evaluate import Progress, Scene, in_parallel
from workbench.tune.search.measures import WORDS, Measures, said
from workbench.tune.search.slo import Slo
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.traffic import Traffic

SLOWER = 1.5
MORE_ERRORS = 0.01
TRAFFIC_FACTORS = (1.5, 2.0, 3.0, 5.0, 10.0)
"""Tried one after the other where no scenario breaks anything: how far it would hold."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """The captured world with one thing changed."""

    name: str
    traffic: Traffic
    model: DurationModel


@dataclass(frozen=True, slots=True)
class Break:
    """A scenario in which an objective is no longer met."""

    scenario: str
    measure: str
    value: float
    limit: float

    @property
    def sentence(self) -> str:
        """What breaks, when, and by how much."""
        return (
            f"{self.scenario}: {WORDS[self.measure]} {said(self.measure, self.value)}, "
            f"allowed {said(self.measure, self.limit)}"
        )

    def document(self) -> dict[str, Any]:
        """As `next_to_break` of `tune mapping --json`; null for a value that is infinite."""
        value = self.value if np.isfinite(self.value) else None
        return {
            "scenario": self.scenario,
            "measure": self.measure,
            "value": value,
            "limit": self.limit,
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """A scenario, what the configuration does in it, and what it breaks."""

    scenario: str
    measures: Measures
    broken: Break | None

    def document(self) -> dict[str, Any]:
        """The scenario as `sensitivity` of `tune mapping --json`."""
        return {
            "scenario": self.scenario,
            "measures": self.measures.document(),
            "broken": self.broken and self.broken.measure,
        }


def sensitivity(
    scene: Scene, settings: Settings, slo: Slo, today: Measures, progress: Progress | None = None
) -> tuple[Outcome, ...]:
    """What a configuration does in each scenario, the mildest first; objectives "as today" mean `today`, as it was.

    Where all hold, traffic grows on until something breaks; that scenario is then the last.
    """

    def tried(scenario: Scenario) -> Outcome:
        other = replace(scene, traffic=scenario.traffic, model=scenario.model)
        measures = other.measured(settings)
        broken = slo.broken(measures, today)
        if broken is None:
            return Outcome(scenario.name, measures, None)
        found = Break(
            scenario.name, broken.measure, getattr(measures, broken.measure), broken.limit(today)
        )
        return Outcome(scenario.name, measures, found)

    outcomes = in_parallel(tried, list(_scenarios(scene)), "stressed", progress)
    if next_to_break(outcomes) is None:
        for factor in TRAFFIC_FACTORS:
            outcomes.append(tried(_grown(scene, factor)))
            if outcomes[-1].broken:
                break
    return tuple(outcomes)


def next_to_break(outcomes: "tuple[Outcome, ...] | list[Outcome]") -> Break | None:
    """The first thing that breaks; None: nothing did, at ten times the traffic either."""
    return next((each.broken for each in outcomes if each.broken is not None), None)


def _scenarios(scene: Scene) -> Iterator[Scenario]:
    traffic, model = scene.traffic, scene.model
    yield Scenario("traffic - 20 %", denser(traffic, 0.8, _chance(scene)), model)
    yield Scenario("traffic + 20 %", denser(traffic, 1.2, _chance(scene)), model)
    errors = min(model.record_failure_share + MORE_ERRORS, 1.0)
    yield Scenario("1 % more errors", traffic, replace(model, record_failure_share=errors))
    yield Scenario(f"handler {SLOWER:g} times as slow", traffic, model.slower(SLOWER))
    if len(traffic):
        burst = denser(traffic, 2.0, _chance(scene), busiest_stretch(traffic))
        yield Scenario("busiest minute doubled", burst, model)


def _grown(scene: Scene, factor: float) -> Scenario:
    traffic = denser(scene.traffic, factor, _chance(scene))
    return Scenario(f"traffic x {factor:g}", traffic, scene.model)


def _chance(scene: Scene) -> np.random.Generator:
    return np.random.default_rng((scene.seed, 1))
