"""poison_record: a record that its function cannot handle, however often it tries, while it handles others."""

import polars as pl

from workbench.findings.consumers.told_by_logs import no_log_names_records
from workbench.findings.detector import Detector
from workbench.findings.wording import largest, times
from workbench.questions import Parameters, Threshold
from workbench.trace.sql import load_statement


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    first = instances.row(0, named=True)
    return (
        f"{times(instances.height, 'record')} failed in every attempt ({used['least_attempts']} or more, up to"
        f" {largest(instances, 'attempts')}) with one signature each, such as {first['signature']!r}, while"
        f" {first['neighbours_succeeded']:,} of {times(first['neighbours'], 'other invocation')} succeeded"
        f" (at least {used['least_success_share']:.0%} meanwhile, or before and after within"
        f" {used['neighbour_ms'] / 1_000:g} s)"
    )


POISON_RECORD = Detector(
    kind="poison_record",
    statement=load_statement(__package__, "poison_record"),
    definition="A record that fails every attempt with a stable signature while its batch mates or neighbours succeed.",
    not_to_confuse=(
        "an outage, where all fail: most of what the function did meanwhile must have succeeded",
        "a batch that fails as one (a timeout, one bad record among good ones): each batch mate must have succeeded"
        " in another request; where none of a batch ever did, the culprit cannot be told and none is named",
        "a throttle, which leaves no line and is no attempt",
        "a partial answer that hides the failure behind a success: told by an error line with the record's id, by its"
        " coming again or by its dead-letter queue, where the mapping reports batch item failures",
        "a message in a dead-letter queue itself: dead_letter_cause",
    ),
    instance=("key",),
    fields={
        name: pl.col(name).first()
        for name in (
            "signature",
            "attempts",
            "failed_from",
            "failed_to",
            "neighbours",
            "neighbours_succeeded",
            "batch_mates",
            "chance",
        )
    },
    thresholds=(
        Threshold(
            "least_attempts",
            3,
            "Lambda gives an asynchronous event three attempts; fewer failures are common of passing faults",
        ),
        Threshold(
            "least_success_share",
            0.5,
            "assumed: where most fail, the function is ill, not the record",
        ),
        Threshold(
            "neighbour_ms", 300_000, "assumed: before and after a blocked shard, nearby invocations"
        ),
    ),
    summary=_summary,
    confidence=lambda instances: 1.0 - largest(instances, "chance"),
    unable=no_log_names_records,
)
"""Source: Lambda developer guide, errors of event source mappings; Lambda, partial batch responses."""
