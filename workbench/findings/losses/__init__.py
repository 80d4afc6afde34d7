"""Losses: what should have come and did not."""

from workbench.findings.losses.capture_hole import CAPTURE_HOLE
from workbench.findings.losses.expired import EXPIRED
from workbench.findings.losses.fanout_missing import FANOUT_MISSING
from workbench.findings.losses.image_chain_break import IMAGE_CHAIN_BREAK
from workbench.findings.losses.kpl_outside_shard import KPL_OUTSIDE_SHARD
from workbench.findings.losses.sequence_gap import SEQUENCE_GAP
from workbench.findings.losses.unhandled import UNHANDLED

DETECTORS = (
    SEQUENCE_GAP,
    IMAGE_CHAIN_BREAK,
    FANOUT_MISSING,
    KPL_OUTSIDE_SHARD,
    EXPIRED,
    UNHANDLED,
    CAPTURE_HOLE,
)
