"""Mirrors workbench.replay."""
