"""amplification: how many attempts an arrival costs, over time."""

from workbench.measures.measure import Measure
from workbench.questions import Threshold
from workbench.trace.sql import load_statement

AMPLIFICATION = Measure(
    name="amplification",
    statement=load_statement(__package__, "amplification"),
    definition="Attempts that logs tell of for each record that arrived, by windows; above 1, what is tried again.",
    thresholds=(
        Threshold(
            "attempts_window_ms",
            60_000,
            "assumed: longer than the default visibility timeout, 30 s",
        ),
    ),
)
"""Source: Lambda developer guide, errors of event source mappings."""
