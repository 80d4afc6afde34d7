"""Relations that follow from facts alone: each a statement, defined over `records` and `resources`, never written."""

from workbench.trace.derived.definitions import (
    ASKED_ALONE,
    DERIVED,
    KeptFields,
    asked_for,
    define_derived,
    keep,
)

__all__ = ["ASKED_ALONE", "DERIVED", "KeptFields", "asked_for", "define_derived", "keep"]
