"""Order: neighbours of one key that came the wrong way round, events that came late."""

from workbench.findings.order.inversion import INVERSION

DETECTORS = (INVERSION,)
