"""Mirrors workbench.trace."""
