"""Relations that follow from facts alone: each a statement, defined over `records` and `resources`, never written."""

from workbench.trace.derived.definitions import (
    DERIVED,
    KeptFields,
    asked_for,
    define_derived,
    keep,
)

__all__ = ["DERIVED", "KeptFields", "asked_for", "define_derived", "keep"]
