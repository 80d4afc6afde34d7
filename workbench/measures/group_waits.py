"""group_waits: what messages of a FIFO queue waited for those before them in their group."""

from workbench.measures.measure import Measure
from workbench.trace.sql import load_statement

GROUP_WAITS = Measure(
    name="group_waits",
    statement=load_statement(__package__, "group_waits"),
    definition="Per message group of a FIFO queue how long messages waited, once sent, for those before them to end.",
)
"""Source: SQS developer guide, FIFO delivery logic: a group's next message is given out when those before are done."""
