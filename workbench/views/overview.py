"""What a trace is, at a glance: its sources, how whole it is, and what of it could still be captured."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import polars as pl

from connectors.described import Described
from connectors.errors import ConnectorError
from connectors.horizon import Available, available
from connectors.record import Service
from workbench.trace import Trace
from workbench.trace.holes import advice
from workbench.trace.instants import instant_text
from workbench.trace.sources import source_name
from workbench.trace.sql import load_statement

SOURCES = load_statement(__package__, "overview_sources")
_KINDS: Mapping[str, tuple[str, Service]] = {
    "describe-stream-summary": ("StreamDescriptionSummary", Service.KINESIS),
    "get-queue-attributes": ("Attributes", Service.SQS),
    "describe-log-groups": ("logGroups", Service.LOGS),
}
"""Answers that tell how long a source keeps its records, and where in them."""


def source_rows(trace: Trace, condition: str = "true") -> pl.DataFrame:
    """The sources and how much of each is selected.

    Args:
        trace: the trace.
        condition: SQL over `records`: which of them are selected.

    Returns:
        A row a source, sorted: `source_arn, deliveries, selected, partitions, payload_bytes, first_at, last_at`.
    """
    return trace.sql(sources_statement(condition))


def sources_statement(condition: str) -> str:
    """The statement of `source_rows`, as it can be run alone."""
    return SOURCES.body.replace("filter (where true)", f"filter (where {condition}\n)")


def state_of(trace: Trace) -> tuple[str, ...]:
    """What is to be known of a trace before anything is concluded from it, a sentence each; none where it is whole.

    Example:
        >>> state_of(wb.open("incident.trace"))  # doctest: +SKIP
        ('1 hole in kinesis:orders (trimmed): the service had dropped it: capture sooner, …',)
    """
    captures = trace.sql("select state, started_at from captures order by started_at")
    running = captures.filter(pl.col("state") == "running")
    broken = captures.filter(pl.col("state").is_in(["interrupted", "failed"]))
    return (
        *_capturing(running),
        *_broken(broken),
        *_nothing(trace, captures, running),
        *_holes(trace),
    )


def _capturing(running: pl.DataFrame) -> Iterator[str]:
    if len(running):
        since = running["started_at"][0]
        yield f"being captured since {since}: Refresh shows what has come since this was opened"


def _broken(captures: pl.DataFrame) -> Iterator[str]:
    for state, since in captures.iter_rows():
        ended = "failed" if state == "failed" else "was interrupted"
        yield f"the capture begun {since} {ended}: start it again, it goes on where it stopped"


def _nothing(trace: Trace, captures: pl.DataFrame, running: pl.DataFrame) -> Iterator[str]:
    if trace.sql("select count(*) from records").item():
        return
    if len(running):
        yield "nothing has come yet"
    elif len(captures):
        yield "empty: what was captured held no records; coverage says what was read"
    else:
        yield "empty: nothing was captured or imported; `workbench capture` and `workbench import` do"


def _holes(trace: Trace) -> Iterator[str]:
    holes = trace.coverage().filter(pl.col("state") == "hole")
    counted = Counter(zip(holes["source_arn"], holes["cause"], strict=True))
    for (source_arn, cause), count in sorted(counted.items(), key=str):
        many = "1 hole" if count == 1 else f"{count:,} holes"
        yield f"{many} in {source_name(source_arn)} ({cause or 'unknown'}): {advice(cause)}"


def still_kept(trace: Trace, now: datetime) -> pl.DataFrame:
    """What each source that was described still has, by its own retention: it may yet be captured.

    Args:
        trace: the trace.
        now: the instant, aware.

    Returns:
        A row a source: `source_arn`, `kept` (a sentence).

    Source: as `connectors.horizon.available`.
    """
    latest = trace.sql(
        "select source_arn, kind, max_by(document, observed_at) as document from resources"
        " where kind in (select unnest($kinds)) and json_valid(document) group by all order by all",
        kinds=list(_KINDS),
    )
    rows = [
        (source_arn, _kept(found))
        for source_arn, kind, document in latest.iter_rows()
        if (found := _available(source_arn, kind, json.loads(document), now))
    ]
    return pl.DataFrame(rows, {"source_arn": pl.String, "kept": pl.String}, orient="row")


def _available(
    source_arn: str, kind: str, document: Mapping[str, Any], now: datetime
) -> Available | None:
    member, service = _KINDS[kind]
    settings = document.get(member) or {}
    if isinstance(settings, list):
        settings = next(
            (each for each in settings if str(each.get("arn", "")).startswith(source_arn)), {}
        )
    if not settings:
        return None
    try:
        return available(Described(source_arn, service, settings, source_arn), now)
    except (ConnectorError, ValueError):
        return None


def _kept(found: Available) -> str:
    if found.service == Service.SQS:
        return "only what its consumers have not deleted yet"
    if found.kept_from_at is None:
        return found.note or "nothing can be read back"
    since = instant_text(found.kept_from_at)[:19].replace("T", " ")
    return (
        f"everything since {since} UTC" if found.lost_after else "everything: it is kept for ever"
    )
