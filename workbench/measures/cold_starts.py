"""cold_starts: how many invocations waited for an initialisation, by version and time."""

from workbench.measures.measure import Measure
from workbench.measures.thresholds import BUCKET_S, IDLE_MS
from workbench.trace.sql import load_statement

COLD_STARTS = Measure(
    name="cold_starts",
    statement=load_statement(__package__, "cold_starts"),
    definition="Invocations of each function version that waited for an initialisation, by stretches of time.",
    thresholds=(BUCKET_S, IDLE_MS),
)
"""Source: Lambda developer guide, "Understanding the Lambda execution environment lifecycle"."""
