"""A measure: one statement that returns figures, and what they mean."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from workbench.questions import Scope, Threshold
from workbench.trace import Trace
from workbench.trace.sql import Statement


def _able(trace: Trace, scope: Scope) -> str | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure or table of figures, by name."""

    name: str
    statement: Statement
    definition: str
    """What is measured and how, in a sentence."""
    thresholds: tuple[Threshold, ...] = ()
    """Parameters of the statement besides the scope's."""
    needs: tuple[str, ...] = ()
    """Members of the scope without which it cannot be told: `key`, `sequence`, `event_time`."""
    unable: Callable[[Trace, Scope], str | None] = _able
    """Why this trace cannot show it; None: it can."""
    shape: Callable[[pl.DataFrame], pl.DataFrame] = lambda rows: rows
    """What is left to do to the rows that one statement cannot say."""
