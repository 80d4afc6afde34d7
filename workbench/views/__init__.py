"""Frames for people's eyes: what charts draw and what widgets and the report list, asked of a trace."""

from workbench.views.activity import activity
from workbench.views.witness import with_records, witness

__all__ = ["activity", "with_records", "witness"]
