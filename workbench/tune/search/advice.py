"""`mapping`: how an event source mapping should be set, once the model has reproduced what the capture shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import isfinite
from typing import Any

import polars as pl

from workbench.summary import Summary
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.tune.backtest import BackTest
from workbench.tune.cost.terms import Rates
from workbench.tune.durations.fit import Fitted
from workbench.tune.durations.replayed import replayed_invocations
from workbench.tune.observed import Observed, observe
from workbench.tune.prices import prices
from workbench.tune.quotas import quotas
from workbench.tune.search.blocks import busy_period_s
from workbench.tune.search.candidates import Candidate, Vary, candidates
from workbench.tune.search.change import Place, cloudformation, commands
from workbench.tune.search.evaluate import Evaluated, Progress, Scene, evaluate
from workbench.tune.search.measures import Measures
from workbench.tune.search.model import modelled, settled
from workbench.tune.search.monthly import Pricing
from workbench.tune.search.ranking import Ranking, pareto, rank
from workbench.tune.search.sensitivity import Outcome, next_to_break, sensitivity
from workbench.tune.search.slo import Slo, out_of_reach, parse_slo

UNPREDICTED = ("batch_size", "maximum_batching_window_in_seconds")
"""Kept as they are where the capture does not tell what a record adds to a batch."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MappingAdvice(Summary):
    """What `mapping` found; nothing is recommended where the back-test refuses, or no candidate meets the SLO."""

    observed: Observed
    fitted: Fitted | None
    tested: BackTest | None
    slo: Slo
    evaluated: tuple[Evaluated, ...]
    """The captured configuration first."""
    ranking: Ranking | None
    outcomes: tuple[Outcome, ...]
    """The recommended configuration where the world is not as captured."""
    place: Place
    reason: str | None
    """Why nothing is recommended."""
    notes: tuple[str, ...]

    @property
    def recommended(self) -> Evaluated | None:
        """The recommended candidate."""
        if self.ranking is None or self.ranking.recommended is None:
            return None
        return self.evaluated[self.ranking.recommended]

    @property
    def pareto(self) -> tuple[Evaluated, ...]:
        """The candidates that no other betters in age, cost, dead letters and duplicates."""
        return tuple(self.evaluated[place] for place in pareto(self.evaluated))

    def document(self) -> dict[str, Any]:
        """The advice as `tune mapping --json` prints it.

        Returns:
            `source_arn`, `observed`, `fit`, `slo`, `backtest`, `candidates` (the captured one first), `recommended`
            (null: none, `reason` says why), `next_to_break`, `sensitivity`, `notes`.
        """
        tested = self.tested.document() if self.tested else _not_tested(self.reason)
        broken = next_to_break(self.outcomes)
        return {
            "source_arn": self.observed.source_arn,
            "observed": self.observed.document(),
            "fit": self.fitted and self.fitted.document(),
            "slo": self.slo.document(),
            "backtest": tested,
            "candidates": self._candidates(),
            "recommended": self._recommended(),
            "next_to_break": broken and broken.document(),
            "sensitivity": [each.document() for each in self.outcomes],
            "reason": self.reason,
            "notes": list(self.notes),
        }

    def to_frame(self) -> pl.DataFrame:
        """The candidates.

        Returns:
            One row each, the captured first: `label, p50_age_ms, p99_age_ms, cost_per_month, dead_letter_share,
            duplicate_share, meets_slo, is_current, is_recommended, is_pareto`.
        """
        front = set(pareto(self.evaluated)) if self.evaluated else set()
        best = self.ranking.recommended if self.ranking else None
        rows = [
            {name: each.get(name) for name in _COLUMNS}
            | {"is_recommended": place == best, "is_pareto": place in front}
            for place, each in enumerate(self._candidates())
        ]
        return pl.DataFrame(rows, schema=_COLUMNS)

    def _candidates(self) -> list[dict[str, Any]]:
        if not self.evaluated:
            return [_candidate(Candidate(self.observed.settings, {}), None, None)]
        today = self.evaluated[0].measures
        return [
            _candidate(each.candidate, each.measures, self.slo.is_met(each.measures, today))
            for each in self.evaluated
        ]

    def _recommended(self) -> dict[str, Any] | None:
        best = self.recommended
        if best is None or self.ranking is None:
            return None
        chance = next(
            each for each in self.ranking.finalists if each.place == self.ranking.recommended
        )
        settings, changes = best.candidate.settings, best.candidate.changes
        return {
            **_candidate(best.candidate, best.measures, True),
            "probability": chance.probability,
            "p99_age_ms_interval": [_finite(value) for value in chance.p99_age_ms],
            "cost_per_month_interval": list(chance.cost_per_month),
            "not_told_apart_from": [
                _label(self.evaluated[place].candidate)
                for place in self.ranking.not_beaten
                if place != self.ranking.recommended
            ],
            "commands": list(commands(self.place, settings, changes)),
            "cloudformation": cloudformation(self.place, settings, changes),
        }

    def _facts(self) -> dict[str, Any]:
        """The recommendation or why there is none; never without the misfit."""
        best = self.recommended
        broken = next_to_break(self.outcomes)
        return {
            "source": source_name(self.observed.source_arn),
            "recommended": best and _label(best.candidate),
            **({} if self.reason is None else {"reason": self.reason}),
            "misfit": self.tested and self.tested.misfit,
            "p99 age": best and f"{best.measures.p99_age_ms / 1_000:,.2f} s",
            "USD a month": best and best.measures.cost_per_month,
            "next to break": broken and broken.document(),
            "candidates": len(self.evaluated),
            "notes": self.notes,
        }


_MEMORY = (
    "how much of a duration is computing is not known from one memory size: with less memory all of it is taken to be, "
    "with more none; no size below what the log says was used is safe"
)
_COLUMNS = {
    "label": pl.String,
    "p50_age_ms": pl.Float64,
    "p99_age_ms": pl.Float64,
    "cost_per_month": pl.Float64,
    "dead_letter_share": pl.Float64,
    "duplicate_share": pl.Float64,
    "meets_slo": pl.Boolean,
    "is_current": pl.Boolean,
    "is_recommended": pl.Boolean,
    "is_pareto": pl.Boolean,
}


def mapping(
    trace: Trace,
    source: str,
    function: str | None = None,
    slo: str | None = None,
    vary: Vary | None = None,
    fixed: Sequence[str] = (),
    replays: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    seed: int = 0,
    today: date | None = None,
    progress: Progress | None = None,
) -> MappingAdvice:
    """Say how the mapping of a queue or stream should be set.

    The captured configuration is simulated on the captured arrivals and compared with what happened; only where that
    holds are others tried, on the same arrivals with the same luck. The recommended one is the cheapest that meets the
    SLO in at least 95 % of traffics drawn anew from the captured one, in blocks of minutes.

    Args:
        trace: an open trace, with the source's records, its mapping and the function's log.
        source: a queue or stream, by ARN or as in a capture (`sqs:orders`).
        function: name or ARN of the function; None where the source has one only.
        slo: `p99 age < 30 s and cost < 20 USD per month`; None: not slower than today at p99, no more dead letters.
        vary: values to try by name (`{"batch_size": (1, 10)}`); None: a grid within AWS's limits.
        fixed: names that stay as they are.
        replays: ids of replays in the trace with several batch sizes: they tell what a record adds to a batch where
            the capture does not.
        since: only what came from then on.
        until: only what came up to then.
        seed: of chance; the same gives the same advice.
        today: whose prices; None: the current day.
        progress: told between candidates what is done, how many, of how many; what it raises ends the work.

    Returns:
        The advice, with the misfit of the model beside it.

    Raises:
        UsageError: no such source, several functions, a malformed SLO, or a setting that cannot be.

    Example:
        >>> mapping(trace, "sqs:orders", slo="p99 age < 30 s").document()["recommended"]  # doctest: +SKIP

    Source: Lambda developer guide, "Invocation event source mapping".
    """
    wanted = parse_slo(slo)
    seen = observe(trace, source, function, since, until)
    place = _place(trace, seen)
    found = modelled(seen, seed, replayed_invocations(trace, replays) if replays else None)
    if isinstance(found, str) or not found.tested.accepted:
        refused = found if isinstance(found, str) else found.tested.reason
        return MappingAdvice(
            observed=seen,
            fitted=None if isinstance(found, str) else found.fitted,
            tested=None if isinstance(found, str) else found.tested,
            slo=wanted,
            evaluated=(),
            ranking=None,
            outcomes=(),
            place=place,
            reason=refused,
            notes=seen.assumed,
        )
    notes = [*seen.assumed, *found.fitted.notes]
    kept = tuple(fixed)
    if not found.fitted.is_identifiable:
        kept = (*kept, *UNPREDICTED)
        notes += [
            f"{name} was not varied: see above" for name in UNPREDICTED if name in (vary or ())
        ]
    if vary and "memory_mb" in vary:
        notes.append(_MEMORY)
    current = found.tested.settings
    region = seen.source_arn.split(":")[3]
    pricing = Pricing(Rates(prices(), today or datetime.now(UTC).date(), region), quotas())
    scene = Scene(settled, seen.traffic, found.fitted.model, pricing, seed)
    tried = evaluate(scene, candidates(current, vary, kept), progress)
    reason = _out_of_reach(wanted, tried, found.fitted)
    busy_s = busy_period_s(seen.traffic.at_s, seen.age_s + seen.traffic.at_s)
    ranking = rank(
        scene,
        tried,
        wanted,
        busy_s,
        found.fitted.draws,
        found.tested.alike,
        progress=progress,
    )
    if ranking.recommended is None and reason is None:
        reason = "no candidate meets all objectives at once; the candidates show what each would do"
    outcomes: tuple[Outcome, ...] = ()
    if ranking.recommended is not None:
        best = tried[ranking.recommended].candidate.settings
        outcomes = sensitivity(scene, best, wanted, tried[0].measures, progress)
    return MappingAdvice(
        observed=seen,
        fitted=found.fitted,
        tested=found.tested,
        slo=wanted,
        evaluated=tried,
        ranking=ranking,
        outcomes=outcomes,
        place=place,
        reason=reason if ranking.recommended is None else None,
        notes=tuple(notes),
    )


def _out_of_reach(slo: Slo, tried: Sequence[Evaluated], fitted: Fitted) -> str | None:
    names = Measures.__dataclass_fields__
    fastest = Measures(
        **{name: min(getattr(each.measures, name) for each in tried) for name in names}
    )
    cheapest = min(tried, key=lambda each: each.measures.cost_per_month).measures
    return out_of_reach(slo, fastest, cheapest, fitted.model.median_ms(1))


def _place(trace: Trace, seen: Observed) -> Place:
    rows = trace.sql(
        "select mapping_id from event_source_mappings where source_arn = $arn and log_group = $log_group"
        " order by observed_at desc limit 1",
        arn=seen.source_arn,
        log_group=seen.log_group,
    )
    queue = trace.sql(
        "select dead_letter_arn from queues where source_arn = $arn and dead_letter_arn is not null"
        " order by observed_at desc limit 1",
        arn=seen.source_arn,
    )
    known: dict[str, str] = {}
    if len(rows):
        known["mapping_uuid"] = rows.item()
    if len(queue):
        known["dead_letter_arn"] = queue.item()
    if seen.function_name:
        known["function"] = seen.function_name
    return Place(seen.source_arn, **known)


def _not_tested(reason: str | None) -> dict[str, Any]:
    return {"accepted": False, "misfit": None, "by_measure": {}, "reason": reason}


def _candidate(
    candidate: Candidate, measures: Measures | None, meets_slo: bool | None
) -> dict[str, Any]:
    settings = candidate.settings
    figures = measures.document() if measures else dict.fromkeys(Measures.__dataclass_fields__)
    return {
        "mapping": settings.mapping.to_aws(),
        "label": _label(candidate),
        "changes": dict(candidate.changes),
        **figures,
        "meets_slo": meets_slo,
        "is_current": candidate.is_current,
        "visibility_timeout_s": settings.visibility_timeout_s,
        "max_receive_count": settings.max_receive_count,
        "memory_mb": settings.memory_mb,
        "reserved_concurrency": settings.reserved_concurrency,
    }


def _label(candidate: Candidate) -> str:
    """What tells it from the captured one, under AWS's names."""
    if candidate.is_current:
        return "as captured"
    changes: Mapping[str, Any] = candidate.changes
    return ", ".join(
        f"{_SHORT.get(name, name)} {'none' if value is None else value}"
        for name, value in changes.items()
    )


_SHORT = {
    "batch_size": "batch",
    "maximum_batching_window_in_seconds": "window s",
    "maximum_concurrency": "concurrency",
    "parallelization_factor": "lanes",
    "visibility_timeout_s": "visibility s",
    "max_receive_count": "receives",
    "reserved_concurrency": "reserved",
    "memory_mb": "MB",
    "timeout_s": "timeout s",
}


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
