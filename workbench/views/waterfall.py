"""The story of a key as a waterfall: a row a record and attempt, under what it came from, with the waits between.

Frames without words of a page: what a widget draws and what anybody else may draw.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from workbench.explain import Story
from workbench.explain.story import Step
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.trace.sql import load_statement
from workbench.views.witness import with_records

Span = Mapping[str, Any]
"""A row of `Trace.coverage`."""
KEYS = load_statement(__package__, "story_keys")
LOOKED_AT = 500
"""Selected deliveries whose keys are suggested."""
DEEPEST = 6
NOT_READ_BACK = ("sqs", "sns")
"""What is gone cannot be read: only a hole that was stated counts as one."""
SCHEMA = pl.Schema(
    {
        "step": pl.Int64(),
        "depth": pl.Int64(),
        "source": pl.String(),
        "what": pl.String(),
        "from_at": pl.Datetime("us", "UTC"),
        "to_at": pl.Datetime("us", "UTC"),
        "ending": pl.String(),
        "waits_from_at": pl.Datetime("us", "UTC"),
        "waited": pl.String(),
        "detail": pl.String(),
        "link": pl.String(),
        "source_arn": pl.String(),
        "record_id": pl.String(),
        "request_id": pl.String(),
        "delivery_id": pl.Int64(),
    }
)
"""Columns of `waterfall`."""
UNREAD = pl.Schema(
    {
        "step": pl.Int64(),
        "from_at": pl.Datetime("us", "UTC"),
        "to_at": pl.Datetime("us", "UTC"),
        "cause": pl.String(),
    }
)
"""Columns of `uncaptured`."""


class _Told:
    """The steps of a story, found by number and by record."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = steps
        self._records = {
            each.record_id: each for each in reversed(steps) if each.what not in _LATER
        }
        self._ends = {each.after: each for each in steps if each.what == "ended"}
        self._attempts: dict[str, list[Step]] = {}
        for each in steps:
            if each.what == "handled" and each.record_id is not None:
                self._attempts.setdefault(each.record_id, []).append(each)

    def cause(self, step: Step) -> Step | None:
        """The step that this one waited for."""
        return None if step.after is None else self.steps[step.after - 1]

    def record(self, step: Step) -> Step | None:
        """How the record of an attempt came to be."""
        return None if step.record_id is None else self._records.get(step.record_id)

    def attempts(self, step: Step) -> list[Step]:
        """The attempts at a record, in time."""
        return self._attempts.get(step.record_id or "", [])

    def end(self, step: Step) -> Step | None:
        """How a request ended."""
        return self._ends.get(step.step)

    def depth(self, step: Step) -> int:
        """How far it stands under the beginning of everything."""
        over = self.record(step) if step.what in _LATER else self.cause(step)
        return 0 if over is None else min(DEEPEST, self.depth(over) + 1)


_LATER = ("handled", "ended", "seen")
"""What happens to a record once it is there."""


def waterfall(story: Story) -> pl.DataFrame:
    """The story as rows to draw: each record from when it was sent until it was done, each attempt at it under it.

    Args:
        story: what `story` returned.

    Returns:
        One row a step but for the ends of requests, which are in the rows of their attempts; in time. `depth` says how
        far a row stands under what it came from; `from_at` to `to_at` is its bar, `to_at` null where no end is
        known; `ending` is an attempt's (`success`, `error`, `timeout`, `failure`, `unknown`; null: not captured);
        `waits_from_at` begins what `waited` names, which ends at `from_at`. Instants are UTC.

    Example:
        >>> waterfall(wb.story(trace, "order-0007"))  # doctest: +SKIP
    """
    told = _Told(story.steps)
    rows = [_row(step, told) for step in story.steps if step.what != "ended"]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def uncaptured(trace: Trace, rows: pl.DataFrame) -> pl.DataFrame:
    """Where, while the story went on, nothing was read from what a row tells of.

    Args:
        trace: the trace.
        rows: what `waterfall` returned.

    Returns:
        One row a stretch: `step`, `from_at`, `to_at`, `cause` (`not read` where no cause was stated). Of streams and
        logs everything that is not covered; of queues and topics, which cannot be read back, the holes alone.

    Example:
        >>> uncaptured(trace, waterfall(wb.story(trace, "order-0007")))  # doctest: +SKIP
    """
    known = [each for name in ("from_at", "to_at") for each in rows[name] if each is not None]
    if not known:
        return pl.DataFrame(schema=UNREAD)
    within = min(known), max(known)
    partitions = dict(
        with_records(trace, rows.select("delivery_id")).select("delivery_id", "partition_id").rows()
    )
    spans = trace.coverage().sort("from_at").rows_by_key("source_arn", named=True)
    found = [
        (row["step"], *stretch)
        for row in rows.iter_rows(named=True)
        for stretch in _unread(
            row["source_arn"],
            _own(spans.get(row["source_arn"], []), partitions.get(row["delivery_id"])),
            within,
        )
    ]
    return pl.DataFrame(found, schema=UNREAD, orient="row")


def story_keys(trace: Trace, condition: str = "true") -> pl.DataFrame:
    """Keys of records, as `story` takes them: business key, else what orders the record, else its id.

    Args:
        trace: the trace; it remembers where the business key stands.
        condition: an SQL expression over `records`; of what it selects the first 500 deliveries are looked at.

    Returns:
        At most 50 rows: `key`, `deliveries`, the most frequent first.

    Example:
        >>> story_keys(trace, "receive_count > 3")["key"].to_list()  # doctest: +SKIP
    """
    first = trace.sql(
        f"select delivery_id from records where ({condition}\n) and service <> 'aws:logs'"  # noqa: S608 - conditions that DuckDB has accepted for this trace
        f" order by delivery_id limit {LOOKED_AT}"
    )
    ids = first["delivery_id"].to_list()
    return trace.sql(KEYS.text, delivery_ids=ids, key=trace.settings().get("key"))


def _row(step: Step, told: _Told) -> tuple[Any, ...]:
    words, to_at, ending, detail = step.what, None, None, step.detail
    if step.what == "handled":
        words = _attempt(step, told)
        end = told.end(step)
        if end is not None:
            to_at, (ending, _, why) = end.at, end.detail.partition(": ")
            detail = ", ".join(filter(None, (why, step.detail)))
    elif step.what != "seen":
        ends = [told.end(each) for each in told.attempts(step)]
        to_at = None if not ends or ends[-1] is None else ends[-1].at
    waits_from_at, waited = _waited(step, told)
    return (
        step.step,
        told.depth(step),
        source_name(step.source_arn),
        words,
        step.at,
        to_at,
        ending,
        waits_from_at,
        waited,
        detail,
        step.link,
        step.source_arn,
        step.record_id,
        step.request_id,
        step.delivery_id,
    )


def _attempt(step: Step, told: _Told) -> str:
    attempts = told.attempts(step)
    return f"attempt {attempts.index(step) + 1}" if step in attempts else "mentioned"


def _waited(step: Step, told: _Told) -> tuple[datetime | None, str | None]:
    """Since when, and how that time is called."""
    cause = told.cause(step)
    if cause is None or step.wait_ms is None:
        return None, None
    long = lasting(step.wait_ms)
    match step.what, cause.what:
        case "handled", "ended":
            record = told.record(step)
            is_queued = record is not None and record.what == "queued"
            said = f"waited {long} invisible" if is_queued else f"waited {long} to be tried again"
        case "handled", _:
            said = f"waited {long} to be taken"
        case "seen", _:
            said = f"lay {long} until seen"
        case _, "handled":
            return cause.at, f"{long} into the attempt"
        case _:
            said = f"{long} on its way"
    return cause.at, said


def lasting(duration_ms: int) -> str:
    """A duration as people say it.

    Example:
        >>> lasting(300), lasting(29_981), lasting(30_000), lasting(2_458_022)
        ('300 ms', '30.0 s', '30 s', '41 min')
    """
    for unit_ms, unit in ((86_400_000, "days"), (3_600_000, "h"), (60_000, "min")):
        if duration_ms >= 2 * unit_ms:
            return f"{duration_ms / unit_ms:.0f} {unit}"
    if duration_ms < 1_000:
        return f"{duration_ms} ms"
    return (
        f"{duration_ms // 1_000} s" if duration_ms % 1_000 == 0 else f"{duration_ms / 1_000:.1f} s"
    )


def _own(spans: Sequence[Span], partition: str | None) -> list[Span]:
    """Those of the partition; all where it has none of its own."""
    own = [each for each in spans if each["partition_id"] == partition]
    return own or list(spans)


def _unread(
    source_arn: str, spans: Sequence[Span], within: tuple[datetime, datetime]
) -> Iterator[tuple[datetime, datetime, str]]:
    """Stretches of a source within two instants that were not read; its spans are sorted."""
    low, high = within
    seen = [each for each in spans if each["to_at"] > low and each["from_at"] < high]
    holes = [each for each in seen if each["state"] == "hole"]
    if source_name(source_arn).split(":")[0] in NOT_READ_BACK:
        for hole in holes:
            yield max(low, hole["from_at"]), min(high, hole["to_at"]), _cause(hole)
        return
    reached = low
    for span in seen:
        if span["state"] == "hole":
            continue
        if span["from_at"] > reached:
            yield reached, span["from_at"], _named(holes, reached, span["from_at"])
        reached = max(reached, span["to_at"])
    if reached < high:
        yield reached, high, _named(holes, reached, high)


def _named(holes: Sequence[Span], from_at: datetime, to_at: datetime) -> str:
    over = (each for each in holes if each["from_at"] < to_at and each["to_at"] > from_at)
    return next((_cause(each) for each in over), "not read")


def _cause(hole: Span) -> str:
    return str(hole["cause"] or "not read")
