"""expiring: how long the messages that were seen in a queue still live."""

from workbench.measures.measure import Measure
from workbench.trace.sql import load_statement

EXPIRING = Measure(
    name="expiring",
    statement=load_statement(__package__, "expiring"),
    definition=(
        "Of each queue that was peeked at: its messages, and when the first of them expires by its instant of sending"
        " and the queue's retention. Put a dead-letter queue's retention above its source's."
    ),
)
"""Source: SQS developer guide, "Configuring a dead-letter queue", retention; GetQueueAttributes."""
