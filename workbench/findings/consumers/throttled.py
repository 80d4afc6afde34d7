"""throttled: a service refused a function's calls, or an API its callers, for coming too fast."""

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.wording import seconds, times, total
from workbench.questions import Parameters, Threshold
from workbench.trace.sql import load_statement

WARNED = 0.9
"""Assumed: how often a warning or an error that names a throttle, in other words than AWS's, tells of one."""


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    most = instances.sort("lines", descending=True).row(0, named=True)
    operation = f" of {most['operation']}" if most["operation"] else ""
    return (
        f"{times(total(instances, 'lines'), 'line')} of throttles in {times(instances.height, 'span')}"
        f" ({seconds(used['throttle_quiet_ms'])} without one ends a span); most: {most['lines']:,} {most['error']}"
        f"{operation} of {most['key']}"
    )


def _confidence(instances: pl.DataFrame) -> float:
    lines, certain = total(instances, "lines"), total(instances, "in_aws_words")
    return float((certain + WARNED * (lines - certain)) / lines)


THROTTLED = Detector(
    kind="throttled",
    statement=load_statement(__package__, "throttled"),
    definition="A span in which log lines of a function or an API tell that calls were refused for their rate.",
    not_to_confuse=(
        "a payload that speaks of throttling: lines that print an event are left out",
        "a line of a low level that names such an error, such as a retry policy: it must hold the SDK's sentence",
        "an invocation that was itself throttled: it leaves no line; dead_letter_cause tells it by absence",
        "a business limit of one's own words: only AWS's codes count",
    ),
    instance=("key", "span"),
    fields={
        "error": pl.col("error").first(),
        "operation": pl.col("operation").first(),
        "from": pl.col("source_at").min(),
        "to": pl.col("source_at").max(),
        "lines": pl.len(),
        "requests": pl.col("request_id").n_unique() - pl.col("request_id").has_nulls().cast(int),
        "in_aws_words": pl.col("in_aws_words").sum(),
    },
    thresholds=(
        Threshold(
            "throttle_quiet_ms",
            60_000,
            "assumed: quotas are counted by the second, back-off is seconds",
        ),
    ),
    summary=_summary,
    confidence=_confidence,
)
"""Source: AWS SDKs, throttling error codes of the standard retry mode; API Gateway, access logging."""
