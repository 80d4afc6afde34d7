"""Thresholds that several measures have, and findings of the same things."""

from workbench.questions import Threshold

BUCKET_S = Threshold("bucket_s", 60, "a minute: CloudWatch's own grain, so that figures compare")
IDLE_MS = Threshold(
    "idle_ms",
    1_000,
    "assumed: START follows an initialisation that was waited for within milliseconds",
)
