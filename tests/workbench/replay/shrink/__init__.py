"""Mirrors workbench.replay.shrink."""
