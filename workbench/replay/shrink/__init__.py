"""Shrinking: the fewest records of a run that still fail, kept as a test and as commands."""

from workbench.replay.shrink.shrink import Shrunk, shrink

__all__ = ["Shrunk", "shrink"]
