"""Order: neighbours of one key that came the wrong way round, events that came late, shards taken up too early."""

from workbench.findings.order.child_before_parent import CHILD_BEFORE_PARENT
from workbench.findings.order.inversion import INVERSION
from workbench.findings.order.late_arrival import LATE_ARRIVAL

DETECTORS = (
    INVERSION,
    LATE_ARRIVAL,
    CHILD_BEFORE_PARENT,
)
