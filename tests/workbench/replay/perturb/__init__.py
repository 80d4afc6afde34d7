"""Mirrors workbench.replay.perturb."""
