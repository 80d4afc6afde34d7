"""The story of one key: publish, deliveries, requests, changes, messages sent on; in time, with the waits between."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from workbench.errors import UsageError
from workbench.questions import checked_path
from workbench.summary import MOST_FACTS, Summary
from workbench.trace import Trace
from workbench.trace.instants import instant_text
from workbench.trace.sources import source_name
from workbench.trace.sql import load_statement

RECORDS = load_statement(__package__, "story_records")
REQUESTS = load_statement(__package__, "story_requests")
PROBABLE = load_statement(__package__, "story_probable")
POLLED = ("aws:sqs", "aws:kinesis", "aws:dynamodb")
"""What a mapping takes, so that time can tell who had it."""
WROTE_WITHIN = timedelta(seconds=1)
"""Assumed: what a handler sends or writes has an instant of the service's own clock, at most so long after it ended."""
WHOLE_SECOND = timedelta(milliseconds=999)
SCHEMA = pl.Schema(
    {
        "step": pl.Int64(),
        "at": pl.Datetime("us", "UTC"),
        "what": pl.String(),
        "source_arn": pl.String(),
        "record_id": pl.String(),
        "request_id": pl.String(),
        "after": pl.Int64(),
        "wait_ms": pl.Int64(),
        "link": pl.String(),
        "detail": pl.String(),
        "delivery_id": pl.Int64(),
    }
)
"""Columns of `Story.to_frame()`."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to the key."""

    at: datetime | None
    what: str
    """`published`, `queued`, `put`, `changed`, `handled`, `ended`, `seen`."""
    source_arn: str
    delivery_id: int
    record_id: str | None = None
    request_id: str | None = None
    published_id: str | None = None
    link: str = "key"
    """How it is known to belong: `id`, `envelope`, `key`, `item`, `ordering_key`; a request's `told_by`; `mention`."""
    detail: str = ""
    step: int = 0
    after: int | None = None
    """The step it waited for; None for a beginning."""
    wait_ms: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Story(Summary):
    """What one key went through."""

    value: str
    steps: tuple[Step, ...]
    remarks: tuple[str, ...] = field(default=())
    """What could not be told, and why."""

    def to_frame(self) -> pl.DataFrame:
        """One row a step, in time; columns in SCHEMA."""
        rows = [{name: getattr(step, name) for name in SCHEMA} for step in self.steps]
        return pl.DataFrame(rows, schema=SCHEMA)

    def _sentences(self) -> tuple[str, ...]:
        more = len(self.steps) - MOST_FACTS
        said = f", the first {MOST_FACTS} shown; to_frame() has them all" if more > 0 else ""
        return (f"{self.value}: {len(self.steps):,} steps{said}.", *self.remarks)

    def _facts(self) -> dict[str, Any]:
        """A line a step."""
        return {
            f"{step.step}. {step.what}": " ".join(
                (
                    "at an unknown instant" if step.at is None else instant_text(step.at),
                    source_name(step.source_arn),
                    step.detail,
                    "" if step.wait_ms is None else f"({step.wait_ms:,} ms after {step.after})",
                )
            )
            for step in self.steps
        }


def story(trace: Trace, value: str, *, key: str | None = None) -> Story:
    """What happened to one key, step by step.

    Args:
        trace: the trace.
        value: a business key, a record's id (MessageId, eventID, sequence number, `shard:sequence`), an SNS MessageId,
            or a request id. An id leads to the business key of its record where `key` is known.
        key: JSONPath of the business key; None for the one remembered in the trace.

    Returns:
        The steps in time. `after` names the step each waited for and `wait_ms` how long: from a publish to the queue,
        from the queue to START, from START to END, from a failed attempt's END to the next START, from START to what
        the handler wrote meanwhile. `link` says how the step is known to belong.

    Raises:
        UsageError: nothing in the trace speaks of the value, or a malformed JSONPath.

    Example:
        >>> story(trace, "order-0007").to_frame()  # doctest: +SKIP
    """
    path = checked_path(key or trace.settings().get("key"))
    trace.keep("handlings")
    value = _business_key(trace, value, path)
    records = _records(trace, value, path)
    requests = _requests(trace, value, records)
    if not records and not requests:
        raise UsageError(
            f"wanted a key or an id that the trace speaks of, found {value!r} nowhere"
            + ("" if path else "; name the business key's place with --key, such as $.order.id")
        )
    steps = [*_of_records(records), *_of_requests(requests)]
    return Story(value, tuple(_chained(steps)), tuple(_remarks(path, requests)))


def _records(trace: Trace, value: str, path: str | None) -> list[dict[str, Any]]:
    return trace.sql(RECORDS.text, value=value, key=path).to_dicts()


def _requests(trace: Trace, value: str, records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The requests that had the records: those that a log names, and by time alone where none does."""
    ids = sorted({row["record_id"] for row in records})
    named = trace.sql(REQUESTS.text, record_ids=ids, value=value).to_dicts()
    polled = {row["record_id"] for row in records if row["service"] in POLLED}
    unnamed = sorted(polled - {row["record_id"] for row in named})
    if not unnamed:
        return named
    trace.keep("probable_handlings")
    return named + trace.sql(PROBABLE.text, record_ids=unnamed).to_dicts()


def _business_key(trace: Trace, value: str, path: str | None) -> str:
    """The key that an id leads to; the value itself where it leads to none or to several."""
    if path is None:
        return value
    by_id = [row for row in _records(trace, value, path) if row["link"] in ("id", "envelope")]
    if not by_id:
        found = trace.sql(
            "select distinct record_id from handlings where request_id = $value", value=value
        )
        by_id = [row for each in found["record_id"] for row in _records(trace, each, path)]
    keys = {row["business_key"] for row in by_id if row["business_key"] is not None}
    return str(keys.pop()) if len(keys) == 1 else value


def _of_records(records: Sequence[dict[str, Any]]) -> Iterator[Step]:
    """When each record came to be; and what we ourselves saw of it later."""
    words = {"aws:sns": "published", "aws:sqs": "queued", "aws:dynamodb": "changed"}
    first: set[tuple[str, str]] = set()
    for row in records:
        place = (row["source_arn"], row["record_id"])
        step = Step(
            at=row["source_at"] or row["received_at"],
            what=words.get(row["service"], "put"),
            source_arn=row["source_arn"],
            delivery_id=row["delivery_id"],
            record_id=row["record_id"],
            published_id=row["published_id"],
            link=row["link"],
            detail=row["event_name"] or (row["partition_id"] or ""),
        )
        if place not in first:
            first.add(place)
            yield step
        if row["mode"] in ("peek", "drain"):
            seen = f"by our {row['mode']}, receive count {row['receive_count']}"
            yield replace(step, at=row["received_at"], what="seen", detail=seen)


def _of_requests(requests: Sequence[dict[str, Any]]) -> Iterator[Step]:
    for row in requests:
        began = Step(
            at=row["started_at"],
            what="handled",
            source_arn=row["log_group"],
            delivery_id=row["delivery_id"],
            record_id=row["record_id"],
            request_id=row["request_id"],
            link=row["told_by"],
            detail=", ".join(_beginning(row)),
        )
        yield began
        if row["ended_at"] is not None:
            why = " ".join(filter(None, (row["error_type"], row["error_message"])))
            ending = f"{row['status']}{': ' + why if why else ''}"
            yield replace(began, at=row["ended_at"], what="ended", detail=ending)


def _beginning(row: dict[str, Any]) -> Iterable[str]:
    if row["version"]:
        yield f"version {row['version']}"
    if row["cold"]:
        yield "cold start"
    if row["batch_records"] and row["batch_records"] > 1:
        yield f"with {row['batch_records'] - 1} others"
    if row["certainty"] < 1:
        how = "probably, by time alone" if row["told_by"] == "time" else "probably"
        yield f"{how}, {row['certainty']:.2f}"


def _chained(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps in time, each with the one that it waited for."""
    told: list[Step] = []
    waiting = list(steps)
    begun_at = [step.at for step in waiting if step.what == "handled" and step.at is not None]
    for number, step in enumerate(sorted(waiting, key=lambda each: _place(each, begun_at)), 1):
        cause = _cause(step, told)
        wait = None
        if cause is not None and cause.at is not None and step.at is not None:
            wait = max(0, round((step.at - cause.at) / timedelta(milliseconds=1)))
        told.append(replace(step, step=number, after=cause.step if cause else None, wait_ms=wait))
    return iter(told)


def _place(step: Step, begun_at: Sequence[datetime]) -> tuple[bool, datetime, int, int]:
    """Where a step stands in time; one that no instant is known of stands at the end.

    DynamoDB tells whole seconds: a change stands behind a request that began within its second.
    """
    order = ("published", "queued", "put", "handled", "changed", "ended", "seen")
    at = step.at or datetime.min.replace(tzinfo=UTC)
    if step.what == "changed":
        at = max([at, *(began for began in begun_at if at < began <= at + WHOLE_SECOND)])
    return step.at is None, at, order.index(step.what), step.delivery_id


def _cause(step: Step, earlier: Sequence[Step]) -> Step | None:
    """The latest earlier step that this one can have waited for."""
    for before in reversed(earlier):
        if _leads_to(before, step, earlier):
            return before
    return None


def _leads_to(before: Step, step: Step, earlier: Sequence[Step]) -> bool:
    match step.what:
        case "ended":
            return before.what == "handled" and before.request_id == step.request_id
        case "handled":
            own = step.record_id is not None and before.record_id == step.record_id
            return own and before.what in ("published", "queued", "put", "changed", "ended")
        case "seen":
            return before.record_id == step.record_id and before.what != "seen"
        case "queued" if step.published_id is not None:
            if before.what == "published" and before.published_id == step.published_id:
                return True
    return before.what == "handled" and _is_within(before, step, earlier)


def _is_within(began: Step, step: Step, earlier: Sequence[Step]) -> bool:
    """Whether the request was at work when the record came to be, so that its handler may have sent it."""
    if began.at is None or step.at is None or began.record_id == step.record_id:
        return False
    ends = [e.at for e in earlier if e.what == "ended" and e.request_id == began.request_id]
    return all(end is not None and step.at <= end + WROTE_WITHIN for end in ends)


def _remarks(path: str | None, requests: Sequence[dict[str, Any]]) -> Iterator[str]:
    if path is None:
        yield "no --key: records were found by id, item key and ordering key alone"
    if not requests:
        yield "no log tells of a request that had them: capture the function's log group, or let the handler print ids"
    if any(row["told_by"] == "time" for row in requests):
        yield "no log line names a record here: its request is told by time alone; let the handler print ids to be sure"
