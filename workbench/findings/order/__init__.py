"""Order: neighbours of one key that came the wrong way round, events that came late."""

from workbench.findings.order.inversion import INVERSION
from workbench.findings.order.late_arrival import LATE_ARRIVAL

DETECTORS = (INVERSION, LATE_ARRIVAL)
