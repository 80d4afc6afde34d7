"""Comparison: what differs between two runs, and between a run and production."""
