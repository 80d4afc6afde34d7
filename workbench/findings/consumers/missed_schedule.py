"""missed_schedule: runs of a scheduled rule that should have come and did not."""

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.wording import seconds, times
from workbench.questions import Parameters, Threshold
from workbench.trace import Trace
from workbench.trace.sql import load_statement

NOTES = load_statement(__package__, "schedule_notes")


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    rules = instances["rule_arn"].n_unique()
    by_itself = instances["schedule"].null_count()
    told = (
        f"; {by_itself:,} of a schedule that only the runs tell (from {used['least_runs']} runs on,"
        f" {used['regular_share']:.0%} of them regular)"
        if by_itself
        else ""
    )
    return (
        f"{times(instances.height, 'expected run')} of {times(rules, 'rule')} did not come within"
        f" {seconds(used['tolerance_ms'])}, between runs that did and where nothing was left unread{told}"
    )


def _notes(trace: Trace, used: Parameters, instances: pl.DataFrame) -> tuple[str, ...]:
    counts = trace.sql(NOTES.text, **{name: used[name] for name in NOTES.parameters})
    return tuple(
        f"{rule}: {times(late, 'run')} late, {doubled:,} doubled, {overlapping:,} still worked on when the next began"
        for rule, late, doubled, overlapping in counts.iter_rows()
    )


MISSED_SCHEDULE = Detector(
    kind="missed_schedule",
    statement=load_statement(__package__, "missed_schedule"),
    definition="A run that a scheduled rule should have had between two that came, and had not.",
    not_to_confuse=(
        "a run that comes late: within tolerance_ms it is the run; one that its target had later is told in a note",
        "a rule that was disabled, or whose schedule was changed: no claim where it was ever seen disabled, where two"
        " looks differ, or where too few runs keep to the schedule",
        "a rule that was made later or removed earlier: nothing is claimed before the first run or after the last",
        "what was not read: a hole at the instant, or no proof that it was read where there is any, leaves it out",
        "a queue from which a consumer takes the events: a peek proves nothing read, so nothing is missing there",
        "a function that prints only some of its events: an invocation that printed none may be the run",
        "a cron() that leaves out hours or days, where only the runs tell the schedule: one missing run within the hour"
        " counts, and only at a minute at which other hours have one",
        "a rate() that drifts: its runs are judged by the time from one to the next",
        "schedules of EventBridge Scheduler, whose events name no rule: left out",
    ),
    instance=("key",),
    fields={
        name: pl.col(name).first() for name in ("rule_arn", "expected_at", "schedule", "certainty")
    },
    thresholds=(
        Threshold(
            "tolerance_ms",
            60_000,
            "EventBridge: a scheduled rule runs within the minute, not at its beginning",
        ),
        Threshold(
            "regular_share",
            0.95,
            "assumed: of a schedule that still holds nearly every run keeps to it",
        ),
        Threshold(
            "least_runs", 20, "assumed: with fewer, one odd gap is more than the regular share"
        ),
    ),
    summary=_summary,
    confidence=lambda instances: float(instances["certainty"].min()),  # type: ignore[arg-type]
    notes=_notes,
)
"""The confidence is that of the least certain run.

Source: EventBridge user guide, "Creating a rule that runs on a schedule", "Cron expressions reference",
"Rate expressions reference"; DescribeRule."""
