"""concurrency: how many instances of each function were busy at once, and how many may be."""

from workbench.measures.measure import Measure
from workbench.measures.thresholds import BUCKET_S, IDLE_MS
from workbench.trace.sql import load_statement

CONCURRENCY = Measure(
    name="concurrency",
    statement=load_statement(__package__, "concurrency"),
    definition="Instances of each function that were busy at once, exactly, by stretches of time; far more of them than"
    " the handler's time accounts for is normal for a mapping of a queue without MaximumConcurrency.",
    thresholds=(BUCKET_S, IDLE_MS),
)
"""Pollers add concurrency while messages remain, whatever the handler needs: at 50 ms a batch 60 to 70 % of what they
settle at is enough, at 400 ms about 20 %. One author measured it, in one account.

Source: Lambda developer guide, "Understanding Lambda function scaling"; Rehan van der Merwe, "7 SQS Lambda ESM Scaling
Behaviours" (2026)."""
