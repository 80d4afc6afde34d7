"""clock_skew: how far the clocks of producers are off, before event times are compared."""

from workbench.measures.measure import Measure
from workbench.questions import PRODUCER
from workbench.trace.sql import load_statement

CLOCK_SKEW = Measure(
    name="clock_skew",
    statement=load_statement(__package__, "clock_skew"),
    definition="Per producer the least delay from event time to arrival: its clock's offset and the quickest way.",
    thresholds=(PRODUCER,),
    needs=("event_time",),
)
"""Source: Paxson, On calibrating measurements of packet transit times, 1998 (the lower envelope of one-way delays)."""
