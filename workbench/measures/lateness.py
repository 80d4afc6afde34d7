"""lateness: how late events come behind later ones, so that an allowed lateness can be chosen."""

from workbench.measures.measure import Measure
from workbench.questions import PRODUCER
from workbench.trace.sql import load_statement

LATENESS = Measure(
    name="lateness",
    statement=load_statement(__package__, "lateness"),
    definition="For each lateness that could be allowed the records that would come too late: behind the latest event"
    " time that had arrived in their partition by more than the bound.",
    thresholds=(PRODUCER,),
    needs=("event_time",),
)
"""Source: Akidau et al., The Dataflow Model, 2015, allowed lateness."""
