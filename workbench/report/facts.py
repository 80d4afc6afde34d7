"""What the report's sections ask of a trace, asked once."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from workbench.trace import Trace
from workbench.views import activity


@dataclass(frozen=True, slots=True)
class Facts:
    """What the trace says of itself."""

    info: dict[str, Any]
    coverage: pl.DataFrame
    activity: pl.DataFrame


def ask(trace: Trace) -> Facts:
    """The trace's document, its coverage and its deliveries over time."""
    return Facts(trace.info(), trace.coverage(), activity(trace))
