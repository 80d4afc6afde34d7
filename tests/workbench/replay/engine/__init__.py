"""Mirrors workbench.replay.engine."""
