"""Mirrors workbench.redrive."""
