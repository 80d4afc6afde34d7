"""age: how old records were when a handler had them, and what they waited for."""

from workbench.measures.measure import Measure
from workbench.measures.thresholds import BUCKET_S, IDLE_MS
from workbench.questions import Scope
from workbench.trace import Trace
from workbench.trace.sql import load_statement


def _unable(trace: Trace, scope: Scope) -> str | None:
    joined = trace.sql("select count(*) from handlings where certainty = 1").item()
    return (
        None
        if joined
        else "no line tells which invocation was given which record; print the event, or ids of its records"
    )


AGE = Measure(
    name="age",
    statement=load_statement(__package__, "age"),
    definition="Age of records when a handler began with them and when it was done, by stretches of time, and the parts"
    " of it: lane, window, poll, initialisation, handler, retries.",
    thresholds=(BUCKET_S, IDLE_MS),
    unable=_unable,
)
"""AWS words IteratorAge in two ways, as a batch is received and as it is finished: both are here, by record. Instants
of a DynamoDB stream are whole seconds, rounded down, so its ages are up to a second too long.

Source: Lambda developer guide, "Types of metrics for Lambda functions" (IteratorAge), "Invocation event source mapping"
(batching window); DynamoDB Streams API reference, StreamRecord."""
