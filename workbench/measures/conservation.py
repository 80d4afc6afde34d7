"""conservation: what went into a source and what of it came out at each consumer, in Jepsen's words."""

from workbench.measures.measure import Measure
from workbench.questions import Threshold
from workbench.trace.sql import load_statement

CONSERVATION = Measure(
    name="conservation",
    statement=load_statement(__package__, "conservation"),
    definition=(
        "Sets of records, by the id the source gave them, for each topic and queue behind it, and each queue or stream"
        " and the function behind it: attempted = known to have been given to the source; acknowledged = the source"
        " shows it; ok = attempted and at the consumer; lost = acknowledged and not there; unexpected = there and not"
        " attempted; duplicated = copies beyond the first; recovered = ok and not acknowledged. Counted only where"
        " both sides were read. Source: Jepsen, checker/total-queue."
    ),
    thresholds=(
        Threshold(
            "settle_ms",
            5_000,
            "the service's own propagation and a producer's retry stay well below it",
        ),
    ),
)
