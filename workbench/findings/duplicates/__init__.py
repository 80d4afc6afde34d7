"""Duplicates: one message delivered again, one content sent again, one publish in a queue twice; each its own kind."""

from workbench.findings.duplicates.consumer_reread import CONSUMER_REREAD
from workbench.findings.duplicates.fanout_duplicate import FANOUT_DUPLICATE
from workbench.findings.duplicates.fifo_dedup_escape import FIFO_DEDUP_ESCAPE
from workbench.findings.duplicates.kpl_duplicate import KPL_DUPLICATE
from workbench.findings.duplicates.overlapping_redelivery import OVERLAPPING_REDELIVERY
from workbench.findings.duplicates.producer_resend import PRODUCER_RESEND
from workbench.findings.duplicates.producer_retry import PRODUCER_RETRY
from workbench.findings.duplicates.redelivery import REDELIVERY
from workbench.findings.duplicates.redrive_copy import REDRIVE_COPY

DETECTORS = (
    REDELIVERY,
    OVERLAPPING_REDELIVERY,
    PRODUCER_RESEND,
    FIFO_DEDUP_ESCAPE,
    PRODUCER_RETRY,
    CONSUMER_REREAD,
    KPL_DUPLICATE,
    FANOUT_DUPLICATE,
    REDRIVE_COPY,
)
