"""Losses: what should have come and did not."""

from workbench.findings.losses.sequence_gap import SEQUENCE_GAP

DETECTORS = (SEQUENCE_GAP,)
