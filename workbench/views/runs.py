"""What replays did: their runs, how records ended, which calls were made, what differs between two."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from workbench.mapping import EventSourceMapping
from workbench.replay.comparison.compare import Comparison
from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.isolation.sandbox import sandboxes
from workbench.replay.settings import settle
from workbench.trace import Trace
from workbench.trace.sources import source_in_trace
from workbench.trace.sql import load_statement, with_literals

OUTCOMES, CALLS = (load_statement(__package__, name) for name in ("run_outcomes", "run_calls"))


def runs(trace: Trace) -> pl.DataFrame:
    """The replays, the newest first: `run_id, source_arn, handler, mapping, isolation, ended_at, summary`."""
    return trace.sql(
        "select run_id, source_arn, handler, mapping, isolation, ended_at, summary from runs"
        " order by started_at desc, run_id"
    )


def run_outcomes(trace: Trace, run_id: str) -> pl.DataFrame:
    """How deliveries of a run ended: `verdict, error_type, deliveries, records, error_message`."""
    return trace.sql(OUTCOMES.text, run_id=run_id)


def run_calls(trace: Trace, run_id: str) -> pl.DataFrame:
    """AWS calls of a run: `service, operation, calls, means`."""
    return trace.sql(CALLS.text, run_id=run_id)


def outcomes_statement(run_id: str) -> str:
    """The statement of `run_outcomes`, as it can be run alone."""
    return with_literals(OUTCOMES.body, {"run_id": run_id})


def isolation_words(isolation: str) -> str:
    """What kept a handler away from this machine, for people.

    Example:
        >>> isolation_words('{"tier": "A", "means": "bubblewrap"}')
        'isolation A: bubblewrap'
    """
    told: dict[str, Any] = json.loads(isolation or "{}")
    tier, means = told.get("tier"), told.get("means")
    if not tier and not means:
        return "isolation not told"
    return "isolation " + ": ".join(str(each) for each in (tier, means) if each)


def isolation_ahead(handler: str, folder: Path, trace: Path) -> str:
    """What will keep a handler away from this machine: the strongest that there is here, to be proved at the start.

    Raises:
        HandlerError: no handler goes by that name.
        ReplayRefusedError: there is none here.
    """
    first, *_ = sandboxes(HandlerSpec.parse(handler, folder), trace, allow_cooperative=False)
    return f"isolation {first.tier}: {first.means}, to be proved before the handler loads"


@dataclass(frozen=True, slots=True)
class Setting:
    """A member of a source's mapping that a replay may change."""

    name: str
    """The field of `EventSourceMapping`."""
    label: str
    is_switch: bool
    as_is: str
    """What it is where nothing is said: as captured, else Lambda's default."""


LABELS = {
    "batch_size": "Batch size",
    "maximum_batching_window_in_seconds": "Batching window, s",
    "maximum_retry_attempts": "Retries",
    "function_response_types": "ReportBatchItemFailures",
    "bisect_batch_on_function_error": "Bisect on error",
}

SWITCHES = {"function_response_types", "bisect_batch_on_function_error"}


def settings_of(trace: Trace, source: str) -> list[Setting]:
    """What of a source's mapping can be changed, and what it is; nothing for a source of single events.

    Args:
        trace: whose snapshots count.
        source: an ARN, or a name such as `sqs:orders`.

    Raises:
        UsageError: no such source, or a captured mapping that AWS would refuse.

    Example:
        >>> [each.as_is for each in settings_of(trace, "sqs:orders")]  # doctest: +SKIP
        ['10', '0', 'off']
    """
    settled = settle(trace, source_in_trace(trace, source), "")
    unfit = {"maximum_batching_window_in_seconds"} if settled.queue.fifo_queue else set()
    return [
        Setting(name, label, name in SWITCHES, _as_is(settled.mapping, name))
        for name, label in LABELS.items()
        if getattr(settled.mapping, name) is not None and name not in unfit
    ]


def _as_is(mapping: EventSourceMapping, name: str) -> str:
    value = getattr(mapping, name)
    if name in SWITCHES:
        return "on" if value else "off"
    return "until they expire" if value == -1 else str(value)


def summary_words(summary: str) -> str:
    """What became of a run's records, in a sentence.

    Args:
        summary: of the relation `runs`.

    Example:
        >>> summary_words('{"records": {"total": 4, "succeeded": 3, "dead_lettered": 1}, "invocations": 6}')
        '4 records: 3 succeeded, 1 dead lettered; 6 invocations'
    """
    told: dict[str, Any] = json.loads(summary or "{}")
    counts: dict[str, int] = dict(told.get("records") or {})
    total = counts.pop("total", 0)
    ends = [f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items() if count]
    said = [": ".join(filter(None, (f"{total:,} records", ", ".join(ends))))]
    said += [f"{told.get('invocations', 0):,} invocations"]
    if told.get("effects"):
        said += [f"{told['effects']:,} AWS calls"]
    return "; ".join(said) + ("; interrupted, its part is kept" if told.get("interrupted") else "")


def compared_rows(comparison: Comparison) -> tuple[str, list[list[str]]]:
    """A comparison for people: the sum in a sentence, then what differs, identical differences as one row.

    Returns:
        The sentence; rows of what, change, how many.
    """
    document = comparison.document()
    rows = [
        [
            "ending",
            f"{_ended(each, 'a')} → {_ended(each, 'b')}",
            f"{each['count']:,}",
        ]
        for each in document["changes"]
    ]
    rows += [
        [
            f"{each['field']} {each.get('place') or ''}".strip(),
            str(each.get("change", "")),
            f"{each['count']:,}",
        ]
        for each in document["differences"]
    ]
    records, differing = document["records"], document["differing"]
    return (
        f"{records:,} records: {records - differing:,} ended alike, {differing:,} otherwise",
        rows,
    )


def _ended(change: dict[str, Any], side: str) -> str:
    error = change.get(f"error_{side}")
    return f"{change.get(f'verdict_{side}')}" + (f" ({error})" if error else "")
