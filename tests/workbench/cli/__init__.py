"""Mirrors workbench.cli."""
