"""What is wanted of a configuration, as a sentence a person writes: `p99 age < 30 s and cost < 20 USD per month`."""

import re
from dataclasses import dataclass
from typing import Any

from workbench.errors import UsageError
from workbench.tune.search.measures import PERCENTS, Measures, said

SLACK = 1.05
"""As fast as today means: not slower by more than 5 %, which no capture of some thousand records can tell apart."""
_AGES_MS = {"ms": 1.0, "s": 1_000.0, "min": 60_000.0, "h": 3_600_000.0}
_OBJECTIVE = re.compile(
    r"""\s*(?P<what>p\d+\s+age|cost|dead\s+letters|duplicates)\s*<=?\s*(?P<number>\d+(?:\.\d+)?)\s*
    (?P<unit>ms|s|min|h|%|USD\s+per\s+month|USD|)\s*""",
    re.VERBOSE | re.IGNORECASE,
)
WANTED = (
    "p99 age < 30 s, p50 age < 500 ms, cost < 20 USD per month, dead letters < 0.1 %, duplicates < 1 %, "
    "several joined by 'and'"
)


@dataclass(frozen=True, slots=True)
class Objective:
    """One measure and what it must stay under."""

    measure: str
    """A field of `Measures`."""
    below: float | None
    """In the measure's unit (ms, US dollars a month, share); None: not worse than what is set today."""

    def limit(self, today: Measures) -> float:
        """What the measure must not be above."""
        if self.below is not None:
            return self.below
        return float(getattr(today, self.measure)) * SLACK

    def is_met(self, measures: Measures, today: Measures) -> bool:
        """Whether the measure stays under; as today includes today's own value."""
        value, limit = getattr(measures, self.measure), self.limit(today)
        return bool(value < limit) if self.below is not None else bool(value <= limit)

    def document(self) -> dict[str, Any]:
        """`measure` and `below`; null: not worse than today."""
        return {"measure": self.measure, "below": self.below}


@dataclass(frozen=True, slots=True)
class Slo:
    """Objectives that must all hold."""

    text: str
    objectives: tuple[Objective, ...]

    def is_met(self, measures: Measures, today: Measures) -> bool:
        """Whether a configuration meets every objective, beside what today's configuration does on the same traffic."""
        return all(each.is_met(measures, today) for each in self.objectives)

    def broken(self, measures: Measures, today: Measures) -> Objective | None:
        """The first objective that is not met; None: all are."""
        return next((each for each in self.objectives if not each.is_met(measures, today)), None)

    def document(self) -> dict[str, Any]:
        """The sentence and what was understood."""
        return {"text": self.text, "objectives": [each.document() for each in self.objectives]}


AS_TODAY = Slo(
    f"as today: p99 age not slower by more than {SLACK - 1:.0%}, not more dead letters",
    (Objective("p99_age_ms", None), Objective("dead_letter_share", None)),
)
"""Where nobody said what is wanted: the cheapest that is not slower than today at p99."""


def parse_slo(text: str | None) -> Slo:
    """What a sentence wants; without one, `AS_TODAY`.

    Raises:
        UsageError: not such a sentence, or nothing at all could be under what it says.

    Example:
        >>> parse_slo("p99 age < 30 s and dead letters < 0.1 %").objectives[1].below
        0.001
    """
    if text is None:
        return AS_TODAY
    return Slo(text, tuple(_objective(part, text) for part in re.split(r"\band\b|,", text)))


def out_of_reach(slo: Slo, fastest: Measures, cheapest: Measures, floor_ms: float) -> str | None:
    """Why no configuration can meet an objective, with what can be reached; None where each could be met alone.

    Args:
        slo: what is wanted.
        fastest: of the candidates, the least of each measure by itself.
        cheapest: the measures of the cheapest candidate.
        floor_ms: what the handler takes at the median for one record: no age is less.
    """
    for each in slo.objectives:
        if each.below is None:
            continue
        if each.measure in PERCENTS and each.below <= floor_ms:
            reach = getattr(fastest, each.measure)
            return (
                f"wanted {_phrase(each)}, but the handler alone takes {said('p50_age_ms', floor_ms)} for one record; "
                f"{said(each.measure, reach)} can be reached"
            )
        reach = getattr(cheapest if each.measure == "cost_per_month" else fastest, each.measure)
        if reach >= each.below:
            return f"wanted {_phrase(each)}; the least that a candidate reaches is {said(each.measure, reach)}"
    return None


def _phrase(objective: Objective) -> str:
    name = objective.measure.removesuffix("_ms").removesuffix("_per_month").removesuffix("_share")
    return f"{name.replace('_', ' ')} under {said(objective.measure, objective.below or 0.0)}"


def _objective(part: str, text: str) -> Objective:
    found = _OBJECTIVE.fullmatch(part)
    if found is None:
        raise UsageError(f"wanted an SLO such as {WANTED}; found {part.strip() or text!r}")
    what = " ".join(found["what"].lower().split())
    number, unit = float(found["number"]), found["unit"].lower()
    if number == 0:
        raise UsageError(f"wanted {what} under something, found 0: nothing is less than that")
    if what.endswith("age"):
        return _age(what, number, unit, part)
    if what == "cost":
        return Objective("cost_per_month", _checked(number, unit.startswith("usd"), "USD", part))
    share = _checked(number, unit == "%", "%", part) / 100
    return Objective("dead_letter_share" if what == "dead letters" else "duplicate_share", share)


def _age(what: str, number: float, unit: str, part: str) -> Objective:
    measure = f"{what.split()[0]}_age_ms"
    if measure not in PERCENTS:
        known = ", ".join(name.split("_")[0] for name in PERCENTS)
        raise UsageError(f"wanted one of {known}, found {what.split()[0]} in {part.strip()!r}")
    scale = _AGES_MS.get(unit, 0.0)
    return Objective(measure, _checked(number, bool(scale), "ms, s, min or h", part) * scale)


def _checked(number: float, is_right: bool, unit: str, part: str) -> float:
    if not is_right:
        raise UsageError(f"wanted a number of {unit}, found {part.strip()!r}")
    return number
