"""`measure`: one measure over a trace."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from workbench.errors import UsageError
from workbench.measures.age import AGE
from workbench.measures.amplification import AMPLIFICATION
from workbench.measures.changes import CHANGES
from workbench.measures.clock_skew import CLOCK_SKEW
from workbench.measures.cold_starts import COLD_STARTS
from workbench.measures.concurrency import CONCURRENCY
from workbench.measures.conservation import CONSERVATION
from workbench.measures.expiring import EXPIRING
from workbench.measures.fanout import FANOUT
from workbench.measures.group_waits import GROUP_WAITS
from workbench.measures.lateness import LATENESS
from workbench.measures.measure import Measure
from workbench.questions import (
    asked_scope,
    checked_choices,
    used_parameters,
    written_out,
)
from workbench.trace import Trace
from workbench.trace.derived import asked_for

_ALL: tuple[Measure, ...] = (
    AGE,
    AMPLIFICATION,
    CHANGES,
    CLOCK_SKEW,
    COLD_STARTS,
    CONCURRENCY,
    CONSERVATION,
    EXPIRING,
    FANOUT,
    GROUP_WAITS,
    LATENESS,
)
MEASURES: dict[str, Measure] = {each.name: each for each in _ALL}


def measure(
    trace: Trace,
    name: str,
    *,
    key: str | None = None,
    sequence: str | None = None,
    event_time: str | None = None,
    source: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    thresholds: Mapping[str, Any] | None = None,
) -> pl.DataFrame:
    """Figures of the traffic.

    Args:
        trace: the trace.
        name: one of `MEASURES`.
        key: JSONPath of the business key in the payload; None for the one remembered in the trace.
        sequence: JSONPath of the business sequence; None for the remembered one.
        event_time: JSONPath of the instant at which the event happened; None for the remembered one.
        source: only this source: its ARN, or `sqs:NAME` as in a capture.
        since: only records whose `source_at` is at or after it.
        until: only records whose `source_at` is at or before it.
        thresholds: values instead of the defaults, by name.

    Returns:
        The measure's own rows; `MEASURES[name].statement.columns` lists them.

    Raises:
        UsageError: no such measure or threshold, a malformed JSONPath, a source that is not in the trace, or what the
            measure needs and neither was given nor is remembered.

    Example:
        >>> measure(trace, "concurrency")  # doctest: +SKIP
    """
    if name not in MEASURES:
        raise UsageError(f"wanted a measure, found {name!r}; there are {', '.join(MEASURES)}")
    wanted = MEASURES[name]
    fields = {"key": key, "sequence": sequence, "event_time": event_time}
    scope = asked_scope(trace, source, since, until, fields)
    lacks = [each for each in wanted.needs if getattr(scope, each) is None]
    if lacks:
        raise UsageError(
            f"{name} needs {' and '.join('--' + each.replace('_', '-') for each in lacks)}, a JSONPath into the payload"
        )
    if why := wanted.unable(trace, scope):
        raise UsageError(f"{name} cannot be told from this trace: {why}")
    chosen = checked_choices(thresholds or {}, wanted.thresholds)
    trace.keep(*asked_for(wanted.statement.text))
    used = used_parameters(wanted.statement, scope, wanted.thresholds, chosen)
    return wanted.shape(trace.sql(written_out(wanted.statement, used)))
