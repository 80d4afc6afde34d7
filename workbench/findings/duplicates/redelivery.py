"""redelivery: SQS delivered a message more than once."""

import polars as pl

from workbench.findings.detector import Detector
from workbench.findings.wording import times
from workbench.trace.sql import load_statement

REDELIVERY = Detector(
    kind="redelivery",
    statement=load_statement(__package__, "redelivery"),
    definition="A message delivered again after the earlier attempt had ended or its visibility had run out unhandled.",
    not_to_confuse=(
        "our own receives (a peek, a drain): counted off",
        "a resend, which has another id: producer_resend",
        "a copy from a dead-letter queue, which has another id: redrive_copy",
    ),
    instance=("key",),
    fields={"receive_counts": pl.col("receive_count")},
    summary=lambda instances, _: (
        f"{times(instances.height, 'message')} delivered again after an earlier attempt had ended or its visibility ran"
        f" out; highest receive count {max(max(each) for each in instances['receive_counts'])}"
    ),
)
"""Source: SQS ReceiveMessage, ApproximateReceiveCount."""
