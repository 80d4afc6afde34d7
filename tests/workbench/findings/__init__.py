"""Mirrors workbench.findings."""
