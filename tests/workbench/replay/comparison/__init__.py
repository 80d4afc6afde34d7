"""Mirrors workbench.replay.comparison."""
