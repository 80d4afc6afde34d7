"""Idempotency: whether a handler leaves the same behind when records come twice, batches differ, or it crashes."""

from workbench.replay.idempotency.check import Idempotency, idempotency

__all__ = ["Idempotency", "idempotency"]
