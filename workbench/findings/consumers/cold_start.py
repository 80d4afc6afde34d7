"""cold_start: invocations that waited for their instance to be initialised."""

from typing import Any

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.finding import FAULT, INFORMATIONAL
from workbench.findings.wording import seconds, times, total
from workbench.measures.thresholds import IDLE_MS
from workbench.questions import Parameters, Threshold
from workbench.trace import Trace
from workbench.trace.sql import load_statement

OF_THE_FUNCTION = ("invocations", "restored", "ahead", "p99_ms", "p99_share", "dominates")
"""Told once in the summary and the notes, not with every instance."""


def _without_totals(instance: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in instance.items() if name not in OF_THE_FUNCTION}


def _rounded(milliseconds: float) -> str:
    return seconds(float(f"{milliseconds:.3g}"))


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    function = instances.row(0, named=True)
    share = instances.height / function["invocations"]
    lasted = instances["init_ms"].drop_nulls()
    long = (
        f", initialised in {_rounded(lasted.quantile(0.5, 'nearest') or 0)} at the median and"
        f" {_rounded(float(lasted.max()))} at most"  # type: ignore[arg-type]  # polars types max() by no column
        if len(lasted)
        else ""
    )
    slow = (
        f"; initialisation is {function['p99_share']:.0%} of the p99 of {_rounded(function['p99_ms'])}"
        f" (it dominates from {used['p99_init_share']:.0%} and {used['least_invocations']:,} invocations on)"
        if function["p99_share"] is not None
        else ""
    )
    return (
        f"{times(instances.height, 'cold start')} in {times(function['invocations'], 'invocation')} ({share:.1%})"
        f"{long};"
        f" {total(instances, 'is_peak'):,} when more ran at once than before,"
        f" {total(instances, 'is_first_of_version'):,} the first of a new version{slow};"
        f" an instance ready {seconds(used['idle_ms'])} before START counts as initialised ahead"
    )


def _notes(trace: Trace, used: Parameters, instances: pl.DataFrame) -> tuple[str, ...]:
    function = instances.row(0, named=True)
    told = (
        (function["restored"], "began on an instance restored from a snapshot"),
        (function["ahead"], "began on an instance that Lambda had initialised ahead"),
    )
    return tuple(f"{times(count, 'invocation')} {what}" for count, what in told if count)


COLD_START = Detector(
    kind="cold_start",
    statement=load_statement(__package__, "cold_start"),
    definition="An invocation that waited for an instance of its function to be initialised.",
    not_to_confuse=(
        "an instance restored from a snapshot (SnapStart): restored, not initialised; told in a note",
        "provisioned concurrency, and instances that Lambda initialises before anyone calls: INIT_START lies more than"
        " idle_ms and the initialisation before START, so nobody waited; told in a note",
        "the same where INIT_START was not logged or not read: it cannot be told apart and counts as a cold start",
        "a slow first request whose handler itself loads late: no initialisation is reported, so none is claimed",
    ),
    instance=("key", "attempt"),
    fields={
        name: pl.col(name).first()
        for name in (
            "init_ms",
            "version",
            "log_stream",
            "running",
            "is_peak",
            "is_first_of_version",
            *OF_THE_FUNCTION,
        )
    },
    finish=_without_totals,
    thresholds=(
        IDLE_MS,
        Threshold("least_invocations", 100, "a p99 of fewer is only their slowest one"),
        Threshold("p99_init_share", 0.5, "assumed: the larger half of what the slowest wait for"),
    ),
    summary=_summary,
    severity=lambda instances: FAULT if instances["dominates"].all() else INFORMATIONAL,
    notes=_notes,
)
"""Source: Lambda developer guide, "Understanding the Lambda execution environment lifecycle" (cold starts; instances
initialised ahead), "Improving startup performance with Lambda SnapStart"."""
