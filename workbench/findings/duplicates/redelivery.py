"""redelivery: SQS delivered a message more than once."""

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.duplicates.harm import harmful, with_completions
from workbench.findings.wording import times
from workbench.questions import Parameters
from workbench.trace import Trace
from workbench.trace.sql import load_statement


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    highest = max((max(each, default=0) for each in instances["receive_counts"]), default=0)
    return (
        f"{times(instances.height, 'message')} delivered again after an earlier attempt had ended or its visibility ran"
        f" out{f'; highest receive count {highest}' if highest else ''}{harmful(instances)}"
    )


def _notes(trace: Trace, used: Parameters, instances: pl.DataFrame) -> tuple[str, ...]:
    unseen = instances.filter(pl.col("delivery_ids").list.len() < 2).height
    if not unseen:
        return ()
    return (
        f"{times(unseen, 'message')} told by the receive count alone: the earlier deliveries were not captured;"
        " in a dead-letter queue the count goes on from the queue before it",
    )


REDELIVERY = Detector(
    kind="redelivery",
    statement=load_statement(__package__, "redelivery"),
    definition="A message delivered again after the earlier attempt had ended or its visibility had run out unhandled.",
    not_to_confuse=(
        "our own receives (a peek, a drain): counted off",
        "one receive that was captured twice, or printed by its handler and captured: same receipt handle or count",
        "a later attempt beside one that still worked: overlapping_redelivery",
        "a message that fails every attempt while others succeed: poison_record",
        "why a message is in its dead-letter queue: dead_letter_cause, told beside it",
        "a resend, which has another id: producer_resend",
        "a copy from a dead-letter queue, which has another id: redrive_copy",
        "receives by people (the console, the CLI): count at AWS like a consumer's and cannot be kept apart",
    ),
    instance=("key",),
    fields={"receive_counts": pl.col("receive_count").drop_nulls().unique().sort()},
    deepen=with_completions,
    summary=_summary,
    notes=_notes,
    yields_to=("overlapping_redelivery", "poison_record"),
    yields_by="key",
)
"""Own fields: `receive_counts`, each once; `completions`, requests that had it and ended well, null where no log tells.

Source: SQS ReceiveMessage, ApproximateReceiveCount.
"""
