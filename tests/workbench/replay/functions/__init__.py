"""Mirrors workbench.replay.functions."""
