"""capture_hole: what is known not to have been read, and why: no claim about what is missing can reach into it."""

from typing import Any

import polars as pl

from connectors.record import Cause
from workbench.findings.detector import Detector
from workbench.findings.finding import FAULT, INFORMATIONAL
from workbench.findings.wording import seconds, times
from workbench.questions import Parameters
from workbench.trace.holes import advice
from workbench.trace.instants import instant_text
from workbench.trace.sql import load_statement

ASKED_FOR = frozenset({Cause.FILTERED, Cause.LATEST_START})
"""Left out by the user's own choice, or older than where reading a topic can begin: nothing went wrong."""


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    longest_ms: Any = (instances["to"] - instances["from"]).dt.total_milliseconds().max()
    causes = instances["cause"].value_counts().sort("cause").iter_rows()
    told = ", ".join(f"{count:,} {cause}" for cause, count in causes)
    return (
        f"{times(instances.height, 'span')} known not to be read in"
        f" {times(instances['key'].n_unique(), 'partition')} ({told}), the longest {seconds(longest_ms)}"
    )


def _told(instance: dict[str, Any]) -> dict[str, Any]:
    return instance | {name: instant_text(instance[name]) for name in ("from", "to")}


CAPTURE_HOLE = Detector(
    kind="capture_hole",
    statement=load_statement(__package__, "capture_hole"),
    definition="A span of a partition's time that is known not to have been read, with its cause.",
    not_to_confuse=(
        "a quiet stretch that was read and held nothing: it is covered",
        "a hole that a later reading healed: it is none any more",
        "what lies before the first or behind the last span that was read: nothing is known of it, it is no hole",
        "what the user left out (filtered), or what came before a tap could begin (latest_start): informational",
    ),
    instance=("key", "hole"),
    fields={
        "from": pl.col("from_at").first(),
        "to": pl.col("to_at").first(),
        "cause": pl.col("cause").first(),
    },
    finish=_told,
    summary=_summary,
    severity=lambda instances: (
        INFORMATIONAL if set(instances["cause"].to_list()) <= ASKED_FOR else FAULT
    ),
    notes=lambda trace, used, instances: tuple(
        f"{cause}: {advice(cause)}" for cause in sorted(set(instances["cause"].drop_nulls()))
    ),
)
