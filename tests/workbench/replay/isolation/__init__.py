"""Mirrors workbench.replay.isolation."""
