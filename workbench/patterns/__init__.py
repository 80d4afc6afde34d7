"""What AWS filters with, evaluated here: event patterns, mapping filters, filter policies."""

from workbench.patterns.event_pattern import check_pattern, mapping_admits, matches
from workbench.patterns.filter_policy import FilterPolicy, check_policy
from workbench.patterns.language import PatternError

__all__ = [
    "FilterPolicy",
    "PatternError",
    "check_pattern",
    "check_policy",
    "mapping_admits",
    "matches",
]
