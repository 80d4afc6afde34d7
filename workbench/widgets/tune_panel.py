"""The tuning panel: settings of a source as sliders, what the model answers, and a search for better ones.

Each move is one simulation of the captured arrivals; how far the model is from the capture stands beside each number,
and where it is too far there are no numbers.
"""

from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import polars as pl
import traitlets

from workbench import charts
from workbench.errors import UsageError
from workbench.jobs import Job, JobProgress, Report
from workbench.markup import el, joined, table, visible
from workbench.trace import Trace
from workbench.trace.sources import source_in_trace, source_name
from workbench.trace.sql import literal
from workbench.tune import MappingAdvice, mapping, shards
from workbench.tune.search.measures import said
from workbench.views.tuning import Moved, Tuning, tunable_sources, tuning
from workbench.widgets.view import View, page, style

COLUMNS = ("measure", "observed", "simulated as captured", "simulated as set")
WORDS: Mapping[str, tuple[str, str]] = {
    "p50_age_ms": ("age, median", "p50_age_ms"),
    "p99_age_ms": ("age, 99th percentile", "p99_age_ms"),
    "max_age_ms": ("age, oldest", "p99_age_ms"),
    "cost_per_month": ("cost", "cost_per_month"),
    "duplicate_share": ("duplicates", "duplicate_share"),
    "dead_letter_share": ("dead letters", "dead_letter_share"),
}
"""What a measure is called, and the one after which it is spelt."""
FOUND_COLUMNS = ("candidate", "p50 age", "p99 age", "cost", "dead letters", "duplicates", "note")
ROLES = {"is_current": "captured", "is_recommended": "recommended"}
MOST_CANDIDATES = 40
BINS = 64


class TunePanel(View):
    """Sliders of a source's settings; `tune_panel` makes one.

    Attributes:
        source: the source's short name. May be set.
        changes: settings that differ from the captured ones, by name. May be set.
        job: the last search; None before there is one.
        advice: what it found; None until then.

    Example:
        >>> panel = tune_panel(trace, "sqs:orders")  # doctest: +SKIP
        >>> panel.changes = {"batch_size": 10}       # doctest: +SKIP
        >>> panel.to_frame()                         # doctest: +SKIP
    """

    _esm = page("tune_panel")
    _css = style("tune_panel")
    sources = traitlets.List(traitlets.Unicode()).tag(sync=True)
    source = traitlets.Unicode().tag(sync=True)
    changes = traitlets.Dict().tag(sync=True)
    fitted = traitlets.Dict().tag(sync=True)
    answer = traitlets.Dict().tag(sync=True)
    search = traitlets.Dict().tag(sync=True)
    found = traitlets.Dict().tag(sync=True)
    picture = traitlets.Dict().tag(sync=True)

    def __init__(self, trace: Trace, source: str | None = None) -> None:
        self._arns = tunable_sources(trace)["source_arn"].to_list()
        self._tuning: Tuning | None = None
        self.job: Job[MappingAdvice] | None = None
        self.advice: MappingAdvice | None = None
        arn = source_in_trace(trace, source) if source else next(iter(self._arns), None)
        names = [source_name(each) for each in self._arns]
        super().__init__(trace, sources=names, source=source_name(arn) if arn else "")
        self.observe(lambda _: self._prepare_later(), "source")
        self.observe(lambda _: self.later("move", self._move), "changes")
        self._prepare_later()

    @property
    def tuning(self) -> Tuning:
        """The source with the model fitted to it.

        Raises:
            UsageError: there is no source, or nothing to fit a model to.
        """
        if not self.source:
            raise UsageError("wanted a queue or a stream to tune, found none in the trace")
        if self._tuning is None or self._tuning.source != self.source:
            self._tuning = tuning(self.trace, self.source)
        return self._tuning

    def to_frame(self) -> pl.DataFrame:
        """The figures: a row a measure; `measure`, `observed`, `as_captured`, `as_set`; null where not known.

        Raises:
            UsageError: nothing to fit a model to, or settings that cannot be.
        """
        return self.tuning.move(self.changes).figures

    @property
    def sql(self) -> str:
        """The statement that returns the records which the simulation takes for arrivals."""
        return (
            f"from records where source_arn = {literal(source_in_trace(self.trace, self.source))}"
        )

    def call(self) -> str:
        """The Python call that advises on what is set."""
        return self.tuning.call(self.changes)

    def start_search(self, slo: str | None = None) -> Job[MappingAdvice]:
        """Look for better settings in a thread of its own; `advice` is what it found, once it is done.

        Args:
            slo: what is wanted (`p99 age < 30 s`); None: not slower than today, no more dead letters.
        """
        if self.job is not None:
            self.job.cancel()
        source = self.source

        def work(report: Report) -> MappingAdvice:
            return mapping(self.trace, source, slo=slo, progress=lambda _, *far: report(*far))

        self.advice, self.found = None, {}
        job = self.job = Job(work, f"search of {source}", "candidates")
        job.listen(lambda now: self._searched(job, now))
        return job

    def static_html(self) -> str:
        """The figures as a table, with what the back-test says."""
        try:
            ready = self.tuning
            moved = ready.move(self.changes)
        except UsageError as error:
            return el("p", str(error))
        caption = f"{ready.source}: {_spelt(moved.changes)}"
        figures = table(list(COLUMNS), _figures(moved), caption=visible(caption))
        return joined(figures, el("p", ready.verdict), el("code", ready.call(moved.changes)))

    def close(self) -> None:
        """End the search, then the view."""
        if self.job is not None:
            self.job.cancel()
            with suppress(Exception):
                self.job.wait()
        super().close()

    def message(self, content: dict[str, Any]) -> None:
        """The page moves a setting, or asks for a picture or a search."""
        match content:
            case {"kind": "source", "source": str(name)} if name in self.sources:
                self.source = name
            case {"kind": "move", "changes": dict(changes)}:
                self._set(changes)
            case {"kind": "candidate", "place": int(place)} if self.advice is not None:
                self._set(dict(self.advice.evaluated[place].candidate.changes))
            case {"kind": "search", "slo": str(slo)}:
                self.start_search(slo.strip() or None)
            case {"kind": "cancel"} if self.job is not None:
                self.job.cancel()
            case {"kind": "picture", "tab": str(tab)}:
                self._draw(tab)

    def _set(self, changes: dict[str, Any]) -> None:
        """Take the values that are whole numbers or none; what AWS would refuse is said by the move."""
        wanted = {
            str(name): value
            for name, value in changes.items()
            if value is None or (isinstance(value, int) and not isinstance(value, bool))
        }
        if wanted == self.changes:
            self._move()
        self.changes = wanted

    def _prepare_later(self) -> None:
        if self.job is not None:
            self.job.cancel()
        self.job = None
        self.fitted, self.answer, self.picture, self.found, self.search = {}, {}, {}, {}, {}
        self.advice, self.changes = None, {}
        self.later("source", self._prepare)

    def _prepare(self) -> None:
        try:
            ready = self.tuning
        except UsageError as error:
            self.fitted = {
                "source": self.source,
                "refusal": visible(str(error)),
                "knobs": [],
                "tabs": self._stream_tabs(),
            }
            return
        tested = ready.prepared.found.tested
        self.fitted = {
            "source": self.source,
            "refusal": "" if tested.accepted else visible(ready.verdict),
            "verdict": visible(ready.verdict) if tested.accepted else "",
            "notes": [visible(each) for each in ready.notes],
            "knobs": [
                {
                    "name": each.name,
                    "label": each.label,
                    "unit": each.unit,
                    "stops": list(each.stops),
                    "now": each.now,
                    "note": visible(each.note),
                    "fixed": each.is_fixed or not tested.accepted,
                }
                for each in ready.knobs()
            ],
            "tabs": ["ages", "candidates", *self._stream_tabs()],
        }
        self._move()

    def _stream_tabs(self) -> list[str]:
        return ["shards"] if self.source.startswith("kinesis:") else []

    def _move(self) -> None:
        if self.fitted.get("source") != self.source or not self.fitted["knobs"]:
            return
        ready = self.tuning
        moved = ready.move(self.changes)
        self.answer = {
            "changes": dict(self.changes),
            "columns": list(COLUMNS),
            "rows": _figures(moved),
            "call": ready.call(moved.changes),
            "commands": "\n".join(moved.commands),
        }

    def _draw(self, tab: str) -> None:
        """A picture of the tab; words in its place where there is nothing to draw."""
        chart = self._chart(tab)
        if isinstance(chart, str):
            self.picture = {"tab": tab, "words": chart}
        else:
            drawn = b64encode(charts.to_svg(chart).encode()).decode()
            source = f"data:image/svg+xml;base64,{drawn}"
            self.picture = {"tab": tab, "src": source, "alt": charts.description(chart)}

    def _chart(self, tab: str) -> charts.Drawn | str:
        if tab == "candidates":
            return _candidates_chart(self.advice)
        if tab == "shards":
            plan = shards(self.trace, self.source)
            return charts.shard_layouts(plan.load_by_hash(BINS), plan.cuts())
        ready = self.tuning
        simulated = ready.move(self.changes).simulated
        return charts.age_over_time(ready.prepared.age_over_time(simulated))

    def _searched(self, job: Job[MappingAdvice], now: JobProgress) -> None:
        """How far the search is; at its end, what it found."""
        if job is not self.job:
            return
        self.search = {
            "state": now.state,
            "done": now.done,
            "total": now.total,
            "words": visible(str(now)),
        }
        if now.state == "done":
            self.advice = job.wait()
            self.found = _found(self.advice)


def tune_panel(trace: Trace, source: str | None = None) -> TunePanel:
    """Sliders for the settings of a queue or stream, and what a move would do to ages, cost, duplicates, dead letters.

    Args:
        trace: the trace, with the source's records, its mapping and the function's log.
        source: by ARN or as in a capture (`sqs:orders`); None for the busiest that has a mapping.

    Returns:
        A widget; `.changes` may be set, `.to_frame()` has the figures, `.start_search()` looks for better settings.

    Raises:
        UsageError: no such source.

    Example:
        >>> tune_panel(trace, "sqs:orders")  # doctest: +SKIP
    """
    return TunePanel(trace, source)


def _candidates_chart(advice: MappingAdvice | None) -> charts.Drawn | str:
    if advice is None:
        return "No candidates yet: Search tries a grid of settings."
    if not advice.evaluated:
        return visible(f"No candidates: {advice.reason}")
    return charts.pareto(advice.to_frame())


def _figures(moved: Moved) -> list[list[str]]:
    """The figures as people write them, a row a measure."""
    return [
        [WORDS[name][0], *(_figure(WORDS[name][1], value) for value in values)]
        for name, *values in moved.figures.iter_rows()
    ]


def _figure(name: str, value: float | None) -> str:
    return "-" if value is None else said(name, value)


def _spelt(changes: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in changes.items()) or "as captured"


def _found(advice: MappingAdvice) -> dict[str, Any]:
    """The candidates worth a look: recommended, captured, and those that nothing beats."""
    frame = advice.to_frame().with_row_index("place")
    worth = frame.filter(pl.col("is_recommended") | pl.col("is_current") | pl.col("is_pareto"))
    shown = worth.sort("is_recommended", "is_current", "p99_age_ms", descending=[True, True, False])
    measures = (
        "p50_age_ms",
        "p99_age_ms",
        "cost_per_month",
        "dead_letter_share",
        "duplicate_share",
    )
    rows = [
        [
            visible(row["label"]),
            *(_figure(name, row[name]) for name in measures),
            " and ".join(word for name, word in ROLES.items() if row[name]),
        ]
        for row in shown.head(MOST_CANDIDATES).iter_rows(named=True)
    ]
    best = advice.document()["recommended"]
    return {
        "columns": list(FOUND_COLUMNS),
        "rows": rows,
        "places": shown["place"].head(MOST_CANDIDATES).to_list(),
        "reason": visible(advice.reason) if advice.reason else "",
        "commands": "\n".join(best["commands"]) if best else "",
    }
