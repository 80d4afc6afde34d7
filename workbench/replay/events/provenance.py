"""Says of each field of an event whether AWS gave it, whether it follows from that, or whether we made it up."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import polars as pl

from connectors.record import Service
from workbench.errors import UsageError
from workbench.replay.events import dynamodb, event, event_record, imported, kinesis, logs, sns, sqs
from workbench.replay.events.paths import at, leaves
from workbench.replay.events.payload import parsed
from workbench.trace import Trace
from workbench.trace.sql import load_statement

OBSERVED, DERIVED, SYNTHETIC = "observed", "derived", "synthetic"
_Row = Mapping[str, Any]
_MADE_UP: Mapping[str, Callable[[_Row, _Row], dict[str, tuple[str, str]]]] = {
    Service.SQS: sqs.made_up,
    Service.SNS: sns.made_up,
    Service.KINESIS: kinesis.made_up,
    Service.DYNAMODB: dynamodb.made_up,
}
_PAYLOADS: Mapping[str, tuple[str, ...]] = {
    Service.SQS: ("body",),
    Service.SNS: ("Sns.Message",),
    Service.KINESIS: ("kinesis.data",),
    Service.DYNAMODB: ("dynamodb.Keys", "dynamodb.NewImage", "dynamodb.OldImage"),
}
_LISTED = re.compile(r"\$\.(Records|records|awslogs\.data\.logEvents)\[(\d+)\]")
_NAMES = ("messageId", "eventID", "MessageId", "recordId", "id")
"""What tells a record among those of its event."""
_COUNT = "attributes.ApproximateReceiveCount"


@dataclass(frozen=True, slots=True)
class Mark:
    """Where one field of an event comes from."""

    path: str
    """JSONPath with AWS's member names: `$.Records[0].md5OfBody`."""
    mark: str
    """`observed`, `derived` or `synthetic`."""
    origin: str
    """The column of `records` it was taken or worked out from, `envelope` with the member's name, or the reason."""


def provenance(
    subject: Trace | Mapping[str, Any],
    delivery_id: int | None = None,
    *,
    invocation_id: str | None = None,
    run_id: str | None = None,
) -> pl.DataFrame:
    """Where each field comes from of the event that a captured delivery makes, or that a run handed over.

    `observed`: AWS gave this value, and it is the captured one (after redaction, what redaction left of it). `derived`:
    it follows from captured values, or is the same in every event of its kind. `synthetic`: it stands in for what was
    not captured, or belongs to the run: a receipt handle, a window.

    Args:
        subject: a trace, or one row of its `records`.
        delivery_id: of the trace's `records`.
        invocation_id: of the trace's `invocations`: what is marked is the event that was handed over, against the
            deliveries it was made from.
        run_id: of that invocation; None for the run begun last that has it, for equal seeds give equal ids.

    Returns:
        `path, mark, from`, one row a field, in the event's order. What is compressed in `awslogs.data` is named as
        if it were not; where compressing it again does not give the captured bytes, `$.awslogs.data` has a row too.

    Raises:
        UsageError: neither a row nor one id that the trace has, or records whose source calls no function.

    Example:
        >>> envelope = '{"MessageId":"m","ReceiptHandle":"r","Attributes":{},"MD5OfBody":"d"}'
        >>> row = {"service": "aws:sqs", "source_arn": "arn:aws:sqs:eu-west-1:1:q", "body": b"hi", "envelope": envelope}
        >>> provenance(row).row(-1)
        ('$.Records[0].awsRegion', 'derived', 'source_arn')
    """
    if not isinstance(subject, Trace):
        marks = list(marks_of(subject))
    elif invocation_id is not None and delivery_id is None:
        marks = _of_invocation(subject, invocation_id, run_id)
    elif delivery_id is not None and invocation_id is None:
        marks = list(marks_of(_delivery(subject, delivery_id)))
    else:
        raise UsageError(
            "wanted a delivery_id or an invocation_id, found both or neither; give one"
        )
    columns = {"path": pl.String, "mark": pl.String, "from": pl.String}
    return pl.DataFrame([astuple(each) for each in marks], columns, orient="row")


def marks_of(row: Mapping[str, Any]) -> Iterator[Mark]:
    """The marks of the event that one captured row makes.

    Args:
        row: of `records`; the columns that `event_record` needs.

    Returns:
        In the event's order.
    """
    envelope = parsed(row["envelope"])
    if row["service"] == Service.LOGS:
        yield from _of_message(row, envelope)
        return
    whole, record = event([row]), event_record(row)
    root = _root_of(whole, record)
    if root != "$":
        yield from _of_frame(whole, envelope)
    maker = _MADE_UP.get(row["service"])
    made_up = maker(row, envelope) if maker else {}
    payloads = _payloads_of(row["service"], envelope)
    for path, _ in leaves(record, ""):
        name = path.removeprefix(".")
        found = _longest(made_up, name)
        origin = "body" if _longest(dict.fromkeys(payloads, ""), name) is not None else "envelope"
        mark = (OBSERVED, origin) if found is None else made_up[found]
        yield Mark(f"{root}.{name}" if not name.startswith("[") else f"{root}{name}", *mark)


def _of_message(row: Mapping[str, Any], envelope: Mapping[str, Any]) -> Iterator[Mark]:
    made_up = logs.made_up(row, envelope)
    if not logs.is_packed_as_it_was(envelope):
        yield Mark("$.awslogs.data", DERIVED, "compressed anew")
    for path, _ in leaves(logs.message([row]), ""):
        name = path.removeprefix(".")
        found = _longest(made_up, name)
        origin = "body" if name == "logEvents[0].message" else "envelope"
        mark = (OBSERVED, origin) if found is None else made_up[found]
        yield Mark(f"$.awslogs.data.{name}", *mark)


def _of_frame(whole: Mapping[str, Any], envelope: Mapping[str, Any]) -> Iterator[Mark]:
    """What stands beside the records: kept with the first record of an imported event, else worked out."""
    mark = (OBSERVED, "envelope") if "event" in envelope else (DERIVED, "record_id, source_arn")
    for name, value in whole.items():
        if name not in ("Records", "records"):
            yield from (Mark(path, *mark) for path, _ in leaves(value, at("$", name)))


def _root_of(whole: Any, record: Any) -> str:
    for member in ("Records", "records"):
        if isinstance(whole, dict) and whole.get(member) == [record]:
            return at(at("$", member), 0)
    return "$"


def _payloads_of(service: str, envelope: Mapping[str, Any]) -> Sequence[str]:
    if service in _PAYLOADS:
        return _PAYLOADS[service]
    if imported.is_whole(envelope):
        return ("",)
    return (imported.payload_of(service, envelope)[0],)


def _longest(places: Mapping[str, Any], name: str) -> str | None:
    """The place that a field is at or within, the nearest one."""
    within = [
        place
        for place in places
        if place in ("", name) or name.startswith((f"{place}.", f"{place}["))
    ]
    return max(within, key=len, default=None)


def _delivery(trace: Trace, delivery_id: int) -> dict[str, Any]:
    frame = trace.sql(load_statement(__package__, "delivery").text, delivery_id=delivery_id)
    if frame.is_empty():
        raise UsageError(
            f"wanted a delivery of the trace, found none with delivery_id {delivery_id}; `records` has them"
        )
    return frame.row(0, named=True)


def _of_invocation(trace: Trace, invocation_id: str, run_id: str | None) -> list[Mark]:
    asked = {"invocation_id": invocation_id, "run_id": run_id or ""}
    told = trace.sql(load_statement(__package__, "handed_over").text, **asked)
    if told.is_empty():
        raise UsageError(
            f"wanted an invocation of the trace, found none with invocation_id {invocation_id!r}"
            f"{f' in run {run_id!r}' if run_id else ''}; `invocations` has them"
        )
    handed = parsed(told["event"][0])
    captured: dict[str, tuple[Any, Mark]] = {}
    for row in told.filter(pl.col("delivery_id").is_not_null()).iter_rows(named=True):
        captured |= _by_name(row)
    return [_against(captured.get(key), path, value) for path, value, key in _fields(handed)]


def _against(captured: tuple[Any, Mark] | None, path: str, value: Any) -> Mark:
    """The captured field's mark where the run handed it over unchanged."""
    if captured is not None and captured[0] == value:
        return Mark(path, captured[1].mark, captured[1].origin)
    if captured is not None and path.endswith(_COUNT):
        return Mark(path, DERIVED, "receive_count, deliveries of the run")
    return Mark(path, SYNTHETIC, "the run")


def _by_name(row: Mapping[str, Any]) -> dict[str, tuple[Any, Mark]]:
    marks = {mark.path: mark for mark in marks_of(row)}
    fields = _fields(event([row]))
    return {key: (value, marks[path]) for path, value, key in fields if path in marks}


def _fields(whole: Any) -> Iterator[tuple[str, Any, str]]:
    """Path, value, and the path with its record's own name in place of the record's number."""
    opened = logs.opened(whole)
    for path, value in leaves(opened, "$"):
        listed = _LISTED.match(path)
        if listed is None:
            yield path, value, path
        else:
            record = _at(opened, listed[1])[int(listed[2])]
            yield path, value, f"{listed[1]}[{_name_of(record)}]{path[listed.end() :]}"


def _at(whole: Any, path: str) -> Any:
    for member in path.split("."):
        whole = whole[member]
    return whole


def _name_of(record: Any) -> str:
    if not isinstance(record, dict):
        return ""
    named = {**record, **record["Sns"]} if isinstance(record.get("Sns"), dict) else record
    return next((str(named[name]) for name in _NAMES if name in named), "")
