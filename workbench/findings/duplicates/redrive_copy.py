"""redrive_copy: a message that came back from its dead-letter queue under a new id."""

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.duplicates.producer_resend import RESEND_WINDOW
from workbench.findings.wording import seconds, times
from workbench.questions import Parameters
from workbench.trace.sql import load_statement


def _summary(instances: pl.DataFrame, used: Parameters) -> str:
    known = ", ".join(sorted(set(instances["dead_letter_by"])))
    return (
        f"{times(instances.height, 'message')} came back from the dead-letter queue (known by {known}) under a new id,"
        f" after it was seen there or {seconds(used['resend_window_ms'])} and more after it was sent"
    )


def _confidence(instances: pl.DataFrame) -> float:
    """The payload alone ties the two, and a name may mislead."""
    return 0.7 if "name" in instances["dead_letter_by"].to_list() else 0.9


REDRIVE_COPY = Detector(
    kind="redrive_copy",
    statement=load_statement(__package__, "redrive_copy"),
    definition="A message of a dead-letter queue whose payload came to the queue before it again, under a new id.",
    not_to_confuse=(
        "the move into the dead-letter queue, which keeps the id: no copy",
        "a resend, sent before the old message can have been moved: producer_resend",
        "equal contents that come by themselves: what the queue has more often than redriving explains is left alone",
        "an equal content that the producer sent once more much later: cannot be told, so confidence is at most 0.9",
    ),
    instance=("key", "new_record_id"),
    fields={
        "new_record_id": pl.col("new_record_id").first(),
        "dead_letter_by": pl.col("dead_letter_by").first(),
    },
    thresholds=(RESEND_WINDOW,),
    summary=_summary,
    confidence=_confidence,
)
"""Own fields: `new_record_id`; `dead_letter_by`: the queue is known by its `policy`, `attribute`, `move` or `name`.

Source: SQS Developer Guide, Dead-letter queue redrive; StartMessageMoveTask: messages are sent as new ones.
"""
