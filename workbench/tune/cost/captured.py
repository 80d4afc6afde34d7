"""What the captured traffic costs in a month, were the month as the capture is."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from workbench.errors import UsageError
from workbench.summary import Summary
from workbench.trace import Trace
from workbench.trace.instants import instant_text
from workbench.trace.sources import source_in_trace, source_name
from workbench.trace.sql import load_statement
from workbench.tune.cost.by_source import Captured, priced_source
from workbench.tune.cost.settings import Settings, read_settings
from workbench.tune.cost.terms import MONTH_HOURS, Rates, Term, Total, total
from workbench.tune.dated import DEFAULT_REGION, DatedTable
from workbench.tune.prices import prices
from workbench.tune.quotas import quotas


@dataclass(frozen=True, slots=True)
class SourceCost:
    """One source's month."""

    source_arn: str
    region: str
    """Whose prices these are."""
    from_at: datetime
    to_at: datetime
    span_s: float
    """Captured time that a month was reckoned from, holes left out; 0: none, so that no quantity is known."""
    terms: tuple[Term, ...]
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> Total:
        """The sum of what is known."""
        return total(self.terms)


@dataclass(frozen=True, slots=True, repr=False)
class Costs(Summary):
    """What `cost` found."""

    at: date
    """The day whose prices and rules these are."""
    sources: tuple[SourceCost, ...]

    @property
    def total(self) -> Total:
        """The sum over all sources, and what is not in it, each named with its source."""
        return total(
            replace(term, name=f"{source_name(source.source_arn)} {term.name}")
            for source in self.sources
            for term in source.terms
        )

    def document(self) -> dict[str, Any]:
        """The costs as `tune cost --json` prints them; `cost` and `cost_per_month` are US dollars of 30 days."""
        return {
            "at": self.at.isoformat(),
            "cost_per_month": self.total.cost,
            "unknown": list(self.total.unknown),
            "sources": [
                {
                    "source_arn": source.source_arn,
                    "region": source.region,
                    "from": instant_text(source.from_at),
                    "to": instant_text(source.to_at),
                    "span_ms": round(source.span_s * 1000),
                    "cost_per_month": source.total.cost,
                    "terms": [asdict(term) for term in source.terms],
                    "notes": list(source.notes),
                }
                for source in self.sources
            ],
        }

    def to_frame(self) -> pl.DataFrame:
        """One row a term, sorted by source: `source_arn`, `term`, `quantity`, `unit`, `price`, `cost`, `note`."""
        rows = [
            (source.source_arn, *asdict(term).values())
            for source in self.sources
            for term in source.terms
        ]
        kinds = [pl.String, pl.String, pl.Float64, pl.String, pl.Float64, pl.Float64, pl.String]
        names = ["source_arn", "term", "quantity", "unit", "price", "cost", "note"]
        return pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")

    def _facts(self) -> dict[str, Any]:
        """What it costs, source by source."""
        sources = {source_name(each.source_arn): each.total.cost for each in self.sources}
        return {
            "USD a month": self.total.cost,
            "prices of": self.at,
            "not known": self.total.unknown,
            **dict(sorted(sources.items(), key=lambda each: -(each[1] or 0.0))),
        }


def cost(
    trace: Trace,
    source: str | None = None,
    *,
    at: date | None = None,
    region: str | None = None,
    own_prices: Path | None = None,
    own_quotas: Path | None = None,
) -> Costs:
    """What the captured traffic costs in a month of 30 days, term by term.

    Each source's quantities are what was captured, each record and each invocation once however often it was captured,
    times 30 days by the captured time of that source. Free tiers, other sources' traffic and data transfer are not in
    it. What a capture cannot show (empty receives, deletes, an unnamed consumer's reads) is estimated by a rule that
    the term's note says, or has no quantity.

    Args:
        trace: an open trace.
        source: one source, by ARN or as in a capture (`sqs:orders`), with the functions that its mappings call; all.
        at: the day whose prices and billing rules are taken; the last captured day. With a day, billed durations are
            reckoned by its rules, without one they are those of the REPORT lines.
        region: whose prices; each source's own.
        own_prices: CSV that takes the place of prices, see `prices`.
        own_quotas: CSV that takes the place of quotas, see `quotas`.

    Returns:
        The costs; a term whose price or quantity is not known has a cost of None and is named beside the total.

    Raises:
        UsageError: no such source, nothing captured, or a file that cannot be right.

    Example:
        >>> cost(trace, "sqs:orders").total  # doctest: +SKIP
        Total(cost=12.7, unknown=())

    Source: the pricing pages of Amazon SQS, SNS, Kinesis Data Streams, DynamoDB, CloudWatch and AWS Lambda.
    """
    settings = read_settings(trace)
    arns = _sources(trace, source, settings)
    spans = _spans(trace, arns)
    if not spans:
        raise UsageError(
            "wanted captured traffic to reckon a month from, found none; capture first"
        )
    day = at or max(end for _, end, _ in spans.values()).date()
    table, allowed = prices(own_prices), quotas(own_quotas)
    read = partial(_rows, trace, arns)
    carried = read("carried", **_sizes(Rates(table, day)))
    charged = read("charged", billing_step_ms=_billing_step_ms(allowed, day))
    month_s = MONTH_HOURS * 3600
    captured = {
        arn: Captured(
            source_arn=arn,
            scale=month_s / span if span else None,
            carried=carried.get(arn),
            charged=charged.get(arn),
        )
        for arn, (_, _, span) in spans.items()
    }
    found = []
    for arn, (start, end, span) in sorted(spans.items()):
        whose = region or arn.split(":")[3] or DEFAULT_REGION
        rates = Rates(table, day, whose)
        terms, notes = priced_source(
            captured[arn], captured, settings, rates, allowed, is_observed=at is None
        )
        if terms:
            found.append(SourceCost(arn, whose, start, end, span, terms, notes))
    return Costs(day, tuple(found))


def _sources(trace: Trace, source: str | None, settings: Settings) -> list[str] | None:
    """The ARNs to price; None for all: a source is priced with the functions that its mappings call."""
    if source is None:
        return None
    arn = source_in_trace(trace, source)
    return [arn, *(consumer.log_group for consumer in settings.consumers.get(arn, ()))]


def _spans(trace: Trace, arns: Sequence[str] | None) -> dict[str, tuple[datetime, datetime, float]]:
    """First and last instant of each source's captured time, and its seconds without holes."""
    rows = trace.sql(
        "select source_arn, from_at, to_at from coverage where state <> 'hole'"
        " and isfinite(from_at) and isfinite(to_at) and ($arns is null or list_contains($arns, source_arn)) union all"
        " select source_arn, min(source_at), max(source_at) from records"
        " where source_at is not null and ($arns is null or list_contains($arns, source_arn)) group by source_arn"
        " order by all",
        arns=list(arns) if arns is not None else None,
    )
    found: dict[str, tuple[datetime, datetime, float]] = {}
    for arn, start, end in rows.iter_rows():
        first, last, seconds = found.get(arn, (start, start, 0.0))
        more = (end - max(start, last)).total_seconds()
        found[arn] = (first, max(last, end), seconds + max(0.0, more))
    return {
        arn: (start.astimezone(UTC), end.astimezone(UTC), s)
        for arn, (start, end, s) in found.items()
    }


def _rows(
    trace: Trace, source_arns: list[str] | None, name: str, **parameters: Any
) -> dict[str, Mapping[str, Any]]:
    statement = load_statement(__package__, name).text
    found = trace.sql(statement, source_arns=source_arns, **parameters)
    return {row["source_arn"]: row for row in found.iter_rows(named=True)}


def _sizes(rates: Rates) -> dict[str, int]:
    """The sizes that payloads are charged by; before there was on-demand, nothing is priced by its own."""
    return {
        "chunk_bytes": rates.needed("sqs", "request_chunk"),
        "unit_bytes": rates.needed("kinesis", "put_payload_unit_size", "provisioned"),
        "grain_bytes": int(rates.value("kinesis", "data_in_grain") or 1024),
    }


def _billing_step_ms(allowed: DatedTable, day: date) -> int:
    step = allowed.value("lambda", "billing_step", day)
    if step is None:
        raise UsageError(
            f"wanted Lambda's billing_step on {day}, found none; put it into your file"
        )
    return int(step)
