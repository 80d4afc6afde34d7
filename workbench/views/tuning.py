"""A source under other settings, asked again and again: what sliders move, and what the model answers.

Where the model does not reproduce the capture it says nothing but why.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars as pl

from workbench.errors import UsageError
from workbench.mapping import SourceKind
from workbench.trace import Trace
from workbench.trace.sources import source_in_trace, source_name
from workbench.trace.sql import load_statement
from workbench.tune import Prepared, prepare, prices, quotas
from workbench.tune.cost.terms import Rates
from workbench.tune.search.advice import UNPREDICTED
from workbench.tune.search.candidates import AROUND, changed, value_of
from workbench.tune.search.change import Place, commands
from workbench.tune.search.measures import measure
from workbench.tune.search.monthly import Pricing
from workbench.tune.simulate.settings import Settings
from workbench.tune.simulate.simulated import Simulated

SOURCES = load_statement(__package__, "tunable_sources")
PLACE = load_statement(__package__, "tuned_place")
MEMORY = "with less memory all of a duration is taken to be computing, with more none of it"
FIGURES = pl.Schema(
    {
        "measure": pl.String(),
        "observed": pl.Float64(),
        "as_captured": pl.Float64(),
        "as_set": pl.Float64(),
    }
)
"""Columns of `Moved.figures`."""
MEASURES = (
    *("p50_age_ms", "p99_age_ms", "max_age_ms"),
    *("cost_per_month", "duplicate_share", "dead_letter_share"),
)


@dataclass(frozen=True, slots=True)
class Knob:
    """A setting that may be moved."""

    name: str
    """As in `workbench.tune`: `batch_size`."""
    label: str
    unit: str
    stops: tuple[int | None, ...]
    """Where a slider stops, what is set now among them; None: not set at all."""
    now: int | None
    """As captured."""
    note: str = ""
    is_fixed: bool = False
    """The model does not tell what another value would do; `note` says why."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What the model answers to one move."""

    changes: Mapping[str, int | None]
    """What differs from the captured settings."""
    figures: pl.DataFrame
    """A row a measure: `measure`, `observed`, `as_captured` and `as_set` (both simulated); null where not known.

    Ages are in milliseconds, cost in US dollars a month, shares of the records from 0."""
    simulated: Simulated | None
    """Under the moved settings; None where the model is refused."""
    commands: tuple[str, ...]
    """What makes the change in AWS."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """One source with its fitted model; `tuning` makes it."""

    source: str
    """Its short name."""
    prepared: Prepared
    pricing: Pricing
    place: Place
    captured: Simulated | None
    """The captured settings, simulated; None where the model is refused."""

    @property
    def settings(self) -> Settings:
        """As captured."""
        return self.prepared.found.tested.settings

    @property
    def verdict(self) -> str:
        """Whether the model may be believed, in a sentence."""
        tested = self.prepared.found.tested
        if not tested.accepted:
            return f"Refused: {tested.reason}"
        worst = max(tested.by_measure, key=lambda name: tested.by_measure[name].misfit)
        return (
            f"Back-test passed: misfit {tested.misfit:.2f} at worst ({worst.replace('_', ' ')}), "
            "where 1.00 is as far apart as may be"
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed."""
        return (*self.prepared.observed.assumed, *self.prepared.found.fitted.notes)

    def knobs(self) -> tuple[Knob, ...]:
        """What may be moved, in the order in which people set it."""
        return tuple(self._knobs())

    def move(self, changes: Mapping[str, int | None] | None = None, seed: int = 0) -> Moved:
        """The captured arrivals under other settings, beside what was observed and what the model makes of the capture.

        Args:
            changes: settings by name; what is as captured is no change.
            seed: of chance.

        Raises:
            UsageError: no such setting, one that the model knows nothing of, or AWS would refuse it.

        Example:
            >>> tuning(trace, "sqs:orders").move({"batch_size": 10}).figures  # doctest: +SKIP
        """
        knobs = {each.name: each for each in self._knobs()}
        for name in changes or {}:
            if name not in knobs:
                raise UsageError(f"wanted one of {', '.join(knobs)}, found {name!r}")
        differing = {
            name: value for name, value in (changes or {}).items() if value != knobs[name].now
        }
        for name in differing:
            if knobs[name].is_fixed:
                raise UsageError(f"{name} cannot be moved: {knobs[name].note}")
        settings = changed(self.settings, differing)
        simulated = self.captured
        if differing and simulated is not None:
            simulated = self.prepared.run(seed, **differing)
        columns = (
            self._observed(),
            self._measured(self.captured, self.settings),
            self._measured(simulated, settings),
        )
        rows = [(name, *(column.get(name) for column in columns)) for name in MEASURES]
        return Moved(
            differing,
            pl.DataFrame(rows, schema=FIGURES, orient="row"),
            simulated,
            commands(self.place, self.settings, differing),
        )

    def call(self, changes: Mapping[str, int | None]) -> str:
        """The Python call that advises on these values."""
        varied = {name: (value,) for name, value in changes.items()}
        return f"wb.tune.mapping(trace, {self.source!r}{f', vary={varied!r}' if varied else ''})"

    def _knobs(self) -> Iterator[Knob]:
        is_identifiable = self.prepared.found.fitted.is_identifiable
        why = "".join(self.prepared.found.fitted.notes[:1])
        for name, (label, unit, kinds) in _KNOBS.items():
            if self.settings.kind not in kinds:
                continue
            now = value_of(self.settings, name)
            value = None if now is None else int(now)
            is_fixed = name in UNPREDICTED and not is_identifiable
            note = why if is_fixed else MEMORY if name == "memory_mb" else ""
            yield Knob(
                name, label, unit, _stops(self.settings.kind, name, value), value, note, is_fixed
            )

    def _measured(self, simulated: Simulated | None, settings: Settings) -> dict[str, float]:
        if simulated is None:
            return {}
        span_s = self.prepared.observed.traffic.span_s
        measures = measure(simulated, self.pricing.per_month(simulated, settings, span_s))
        return {**measures.document(), "max_age_ms": _oldest_ms(simulated.age_s)}

    def _observed(self) -> dict[str, float | None]:
        seen = self.prepared.observed
        count = max(len(seen.traffic), 1)
        return {
            "p50_age_ms": _ms(seen.age_quantile_s(0.5)),
            "p99_age_ms": _ms(seen.age_quantile_s(0.99)),
            "max_age_ms": _oldest_ms(seen.age_s),
            "duplicate_share": float(np.maximum(seen.deliveries - 1, 0).sum()) / count,
            "dead_letter_share": None if seen.dead_letters is None else seen.dead_letters / count,
        }


def tunable_sources(trace: Trace) -> pl.DataFrame:
    """Sources that hand their records to functions in batches.

    Returns:
        One row a source: `source_arn`, `has_mapping`, `records`; those with a captured mapping first, then the busier.

    Example:
        >>> tunable_sources(trace)["source_arn"].to_list()  # doctest: +SKIP
    """
    return trace.sql(SOURCES.text)


def tuning(trace: Trace, source: str, today: date | None = None) -> Tuning:
    """A source with the model fitted to it, to be asked again and again.

    Args:
        trace: the trace.
        source: a queue or stream, by ARN or as in a capture (`sqs:orders`).
        today: whose prices; None: the current day.

    Raises:
        UsageError: no such source, or nothing to fit a model to.

    Example:
        >>> tuning(trace, "sqs:orders").move({"batch_size": 10}).commands  # doctest: +SKIP
    """
    source_arn = source_in_trace(trace, source)
    prepared = prepare(trace, source_arn)
    seen, tested = prepared.observed, prepared.found.tested
    rates = Rates(prices(), today or datetime.now(UTC).date(), source_arn.split(":")[3])
    place = trace.sql(PLACE.text, source_arn=source_arn, log_group=seen.log_group).row(
        0, named=True
    )
    known = {"mapping_uuid": place["mapping_id"], "dead_letter_arn": place["dead_letter_arn"]}
    known["function"] = seen.function_name
    return Tuning(
        source_name(source_arn),
        prepared,
        Pricing(rates, quotas()),
        Place(source_arn, **{name: value for name, value in known.items() if value}),
        prepared.run() if tested.accepted else None,
    )


_QUEUES: tuple[SourceKind, ...] = ("sqs", "sqs_fifo")
_STREAMS: tuple[SourceKind, ...] = ("kinesis", "dynamodb")
_KNOBS: Mapping[str, tuple[str, str, tuple[SourceKind, ...]]] = {
    "batch_size": ("Batch size", "records", (*_QUEUES, *_STREAMS)),
    "maximum_batching_window_in_seconds": ("Batching window", "s", ("sqs", *_STREAMS)),
    "parallelization_factor": ("Parallelization factor", "lanes a shard", _STREAMS),
    "maximum_concurrency": ("Maximum concurrency", "invocations", _QUEUES),
    "memory_mb": ("Memory", "MB", (*_QUEUES, *_STREAMS)),
    "visibility_timeout_s": ("Visibility timeout", "s", _QUEUES),
    "max_receive_count": ("maxReceiveCount", "receives", _QUEUES),
}
_MAPPING_LIMITS: Mapping[str, tuple[int, int]] = {
    "batch_size": (1, 10_000),
    "maximum_batching_window_in_seconds": (0, 300),
    "parallelization_factor": (1, 10),
    "maximum_concurrency": (2, 1_000),
}
"""Source: Lambda API reference, CreateEventSourceMapping."""
_MOST_OF_FIFO = 10
_MAY_BE_NONE = ("maximum_concurrency", "max_receive_count")
_STEPS = (1, 2, 3, 5, 7)
_ROUND = tuple(step * 10**digits for digits in range(5) for step in _STEPS)
_MEMORY = tuple(range(128, 1_024, 128)) + tuple(range(1_024, 10_241, 512))
_PLAIN_TO = 10
"""Up to here every whole number is a stop."""


def _stops(kind: SourceKind, name: str, now: int | None) -> tuple[int | None, ...]:
    """Round numbers within AWS's limits, nearly evenly apart as ratios, so that a slider reaches all sizes."""
    least, most = _MAPPING_LIMITS.get(name) or AROUND[name]
    if name == "batch_size" and kind == "sqs_fifo":
        most = _MOST_OF_FIFO
    steps = _MEMORY if name == "memory_mb" else (*range(_PLAIN_TO + 1), *_ROUND)
    inner = {each for each in (*steps, least, most, now) if each is not None}
    within = sorted(each for each in inner if least <= each <= most or each == now)
    return (*within, None) if name in _MAY_BE_NONE else tuple(within)


def _oldest_ms(ages_s: Sequence[float] | np.ndarray[Any, np.dtype[np.float64]]) -> float | None:
    known = np.asarray(ages_s)
    known = known[~np.isnan(known)]
    return float(known.max()) * 1_000 if len(known) else None


def _ms(age_s: float | None) -> float | None:
    return None if age_s is None else age_s * 1_000
