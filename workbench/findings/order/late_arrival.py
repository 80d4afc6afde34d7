"""late_arrival: events that came long after later ones had come."""

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.wording import largest, seconds, times
from workbench.questions import PRODUCER, Parameters, Threshold
from workbench.trace.sql import load_statement


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    bound = seconds(round(largest(instances, "bound_ms")))
    told = (
        "as set"
        if used["lateness_ms"]
        else f"{used['times_tail']:g} times what the tail of the source's own delays reaches with a chance of"
        f" {used['chance']:g}, at least {seconds(used['lateness_floor_ms'])},"
        f" from {times(used['least_arrivals'], 'record')} on"
    )
    return (
        f"{times(instances.height, 'event')} by {used['event_time']} further behind the latest event seen than"
        f" {bound} ({told}); the latest by {seconds(round(largest(instances, 'late_ms')))}"
        f"{', clocks corrected by producer ' + used['producer'] if used['producer'] else ''}"
    )


LATE_ARRIVAL = Detector(
    kind="late_arrival",
    statement=load_statement(__package__, "late_arrival"),
    definition="A record whose event time lies behind the watermark of its partition: the latest event time that had"
    " arrived, less the lateness bound. The bound is what the ordinary tail of the source's delays keeps, well over"
    " the 99.9 % that a bound is usually asked to keep, unless it is set.",
    not_to_confuse=(
        "ordinary jitter, however long its tail: the bound lies where chance alone hardly ever reaches in the source",
        "a source whose events are all delayed alike, in order: nothing is behind anything",
        "an event stamped by a clock that runs ahead: it moves the watermark no further than its own arrival",
        "a producer whose clock runs behind: only with `producer` set; else its events look late",
        "the same content sent again later (a resend, a retry, a redrive): left out, its first arrival counts",
        "a record delivered again: its source's instant does not change",
        "a source of fewer records than tell a bound: judged only with `lateness_ms` set",
    ),
    instance=("key", "sub_sequence"),
    fields={name: pl.col(name).first() for name in ("late_ms", "bound_ms", "by_chance")},
    thresholds=(
        Threshold(
            "lateness_ms",
            0,
            "0: told from the source's own delays; a stream job's allowed lateness is known",
        ),
        Threshold(
            "lateness_floor_ms", 1_000, "assumed: no window is so short that a second matters"
        ),
        Threshold(
            "times_tail",
            2,
            "assumed: real delays thin out more slowly than exponential ones; simulated log-normal ones stay below",
        ),
        Threshold(
            "chance",
            0.05,
            "one in twenty, the usual bound for taking a coincidence for a cause",
        ),
        Threshold(
            "least_arrivals",
            10,
            "of fewer, one late record is among the slowest tenth that the tail is told from",
        ),
        PRODUCER,
    ),
    summary=_summary,
    confidence=lambda instances: round(min(0.99, 1 - largest(instances, "by_chance")), 4),
    needs=("event_time",),
)
"""Source: Akidau et al., The Dataflow Model, 2015 (watermarks, allowed lateness); Flink's watermark per partition."""
