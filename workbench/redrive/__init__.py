"""Redrive: what would come of a dead-letter queue's messages if they were sent back, and how to do it."""

from workbench.redrive.verdict import Redrive, redrive

__all__ = ["Redrive", "redrive"]
