"""Mirrors workbench.replay.events."""
