"""retry_storm: a function tries again what it tried before and gets nothing done."""

import polars as pl

from workbench.findings.consumers.told_by_logs import no_log_names_records
from workbench.findings.detector import Detector
from workbench.findings.wording import seconds, times
from workbench.questions import Parameters, Threshold
from workbench.trace.sql import load_statement


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    worst = instances.sort("amplification", descending=True).row(0, named=True)
    return (
        f"{times(instances.height, 'retry storm')}: at worst {worst['attempts']:,} attempts for"
        f" {times(worst['arrivals'], 'arrival')} ({worst['amplification']:.3g} each), {worst['succeeded']:,} for"
        f" good, {times(worst['retried'], 'record')} retried (windows of {seconds(used['attempts_window_ms'])},"
        f" at least {used['least_amplification']:g} attempts an arrival, at most {used['most_goodput']:.0%}"
        f" for good, {times(used['least_retried'], 'record')})"
    )


RETRY_STORM = Detector(
    kind="retry_storm",
    statement=load_statement(__package__, "retry_storm"),
    definition="A span in which receives outgrow arrivals, most attempts being retries, and goodput falls.",
    not_to_confuse=(
        "a poison record, or one batch of a shard, tried over and over: several records of several batches must be",
        "a backlog worked off, where attempts outgrow arrivals too: those are first attempts",
        "a load peak: attempts grow with arrivals",
        "arrivals that were not read: holes, and what lies outside a stream's reading, are left out",
        "throttled receives, which leave no line: not seen",
    ),
    instance=("key", "log_group", "storm_from"),
    fields={
        "from": pl.col("storm_from").first(),
        "to": pl.col("storm_to").first(),
        **{
            name: pl.col(name).first()
            for name in ("attempts", "arrivals", "retried", "succeeded", "amplification")
        },
    },
    thresholds=(
        Threshold(
            "attempts_window_ms",
            60_000,
            "assumed: longer than the default visibility timeout, 30 s",
        ),
        Threshold("least_amplification", 2.0, "assumed: as many retries as first attempts"),
        Threshold("most_goodput", 0.5, "assumed: most of the work is wasted"),
        Threshold("least_retried", 10, "assumed: as many records as a batch has by default"),
    ),
    summary=_summary,
    unable=no_log_names_records,
)
"""Source: Lambda developer guide, errors of event source mappings; SQS developer guide, visibility timeout."""
