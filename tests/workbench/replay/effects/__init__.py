"""Mirrors workbench.replay.effects."""
