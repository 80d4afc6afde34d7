"""Shrinking: the fewest records of a run that still fail, kept as a test and as commands."""

from workbench.replay.shrink.shrink import Shrunk, last_failed_run, shrink

__all__ = ["Shrunk", "last_failed_run", "shrink"]
