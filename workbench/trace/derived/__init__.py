"""Relations that follow from facts alone: each a statement, defined over `records` and `resources`, never written."""

from workbench.trace.derived.definitions import (
    ASKED_ALONE,
    DERIVED,
    TOLD,
    KeptFields,
    asked_for,
    define_derived,
    define_told,
    is_told,
    keep,
    may_list,
)

__all__ = [
    "ASKED_ALONE",
    "DERIVED",
    "TOLD",
    "KeptFields",
    "asked_for",
    "define_derived",
    "define_told",
    "is_told",
    "keep",
    "may_list",
]
