"""Mirrors workbench.replay.idempotency."""
