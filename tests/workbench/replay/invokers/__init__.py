"""Mirrors workbench.replay.invokers."""
