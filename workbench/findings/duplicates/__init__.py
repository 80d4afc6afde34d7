"""Duplicates: one message delivered again, one content sent again, one publish in a queue twice; each its own kind."""

from workbench.findings.duplicates.producer_resend import PRODUCER_RESEND
from workbench.findings.duplicates.producer_retry import PRODUCER_RETRY
from workbench.findings.duplicates.redelivery import REDELIVERY

DETECTORS = (
    REDELIVERY,
    PRODUCER_RESEND,
    PRODUCER_RETRY,
)
