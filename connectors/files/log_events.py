"""CloudWatch log events: subscriptions, answers of the CLI, and log files of text or JSON lines.

Where an event has no id, its identity is a hash of group, stream, instants, message and ordinal: among
equals of its answer, or the number of its line in a file of lines. A subscription names account and group but
no Region: the ARN is the user's where it is of the same group, else derived without Region.
"""

import base64
import binascii
import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from hashlib import blake2b
from typing import Any

from connectors.answers import compact_json
from connectors.files.instants import instant_of_ms, instant_of_seconds
from connectors.files.json_text import parse_json, why_not
from connectors.files.members import detach_text, text_of
from connectors.files.origin import Origin, Skip
from connectors.files.packing import packing_of
from connectors.record import OrderScope, Record, Service

SUBSCRIPTION_BYTES_MAX = 16 * 1024 * 1024
"""Assumed: Lambda's payload is 6 MB, and its inflated log events stay below this."""
WITHOUT_GROUP = Skip(
    "log lines without a group: pass --source ARN of the log group or the function", alike=True
)
_GROUP = re.compile(r"(arn:[^:]*:logs:[^:]*:[^:]*:log-group:[^:]+)(?::.*)?")
_FUNCTION = re.compile(r"arn:([^:]*):lambda:([^:]*):([^:]*):function:([^:]+)(?::.*)?")
_ISO = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)"
_STREAM = rb"\d{4}/\d\d/\d\d/\S*\[[^\]\s]+\][0-9a-f]+"
_EXPORTED = re.compile(rb"(%s) (?:(%s) )?(.*)" % (_ISO, _STREAM), re.DOTALL)
_TIMED_OUT = re.compile(rb"%s [0-9a-f-]{36} Task timed out" % _ISO)
_LAMBDA_LINE = re.compile(
    rb"(START|END|REPORT|RequestId:|INIT_START|INIT_REPORT|RESTORE_START|RESTORE_REPORT) "
    rb"|(\[[A-Za-z]+\]\s|%s)" % _ISO
)
_SAID_AT = re.compile(rb"(?:\[[A-Za-z]+\]\s+)?(%s)\s" % _ISO)


def group_of(arn: str | None) -> str | None:
    """The log group that an ARN means: a group's own, or a function's default one.

    Example:
        >>> group_of("arn:aws:lambda:us-east-1:111122223333:function:orders")
        'arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/orders'
    """
    if group := _GROUP.fullmatch(arn or ""):
        return group[1]
    if function := _FUNCTION.fullmatch(arn or ""):
        partition, region, account, name = function.groups()
        return f"arn:{partition}:logs:{region}:{account}:log-group:/aws/lambda/{name}"
    return None


def subscription_events(document: dict[str, Any], origin: Origin) -> Iterator[Record | Skip]:
    """The log events of a subscription; each envelope keeps the rest of the message in `awslogs`.

    `subscription` says how to make the message again: the log event's `number` `of` all, where their list stands
    among the message's members (`at`), and how the text was `packed` where repeating it gives the same bytes.

    Source: CloudWatch Logs user guide, "Real-time processing of log data with subscriptions".
    """
    try:
        data, text = _inflated(document["awslogs"].get("data"))
        message = parse_json(text)
    except ValueError as error:
        yield Skip(f"awslogs.data: {why_not(error)}")
        return
    events = message.get("logEvents") if isinstance(message, dict) else None
    if isinstance(message, dict) and message.get("messageType") == "CONTROL_MESSAGE":
        yield Skip("a CONTROL_MESSAGE: CloudWatch Logs' own probe, no log events", alike=True)
    elif not isinstance(events, list) or text_of(message, "logGroup") is None:
        yield Skip("awslogs.data: wanted logGroup and logEvents, found neither or one")
    else:
        rest = {name: value for name, value in message.items() if name != "logEvents"}
        packing = packing_of(data, text, message)
        noted = {
            "of": len(events),
            "at": list(message).index("logEvents"),
            "packed": None if packing is None else asdict(packing),
        }
        yield from _events(events, _named_group(rest, origin), "id", origin, rest, noted)


def answered_events(answer: dict[str, Any], origin: Origin) -> Iterator[Record | Skip]:
    """The log events of an answer, which does not name its group: the user must.

    Source: CloudWatch Logs FilterLogEvents, GetLogEvents.
    """
    group_arn = group_of(origin.source_arn)
    if group_arn is None:
        yield WITHOUT_GROUP
    else:
        yield from _events(answer["events"], group_arn, "eventId", origin, None)


def json_line(number: int, line: bytes, value: Any, origin: Origin) -> Record | Skip:
    """A line of a JSON log: an event whose message is the line; `time` or `timestamp` its instant."""
    said = value if isinstance(value, dict) else {}
    at = instant_of_ms(said.get("time", said.get("timestamp")))
    return _line(number, line, at, None, origin)


def text_lines(lines: Iterator[bytes], origin: Origin) -> Iterator[Record | Skip]:
    """The events of a text log: lines, or what an export or `aws logs tail` begins with an instant.

    A line of an export without instant goes on with the event before it.
    """
    numbered = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    first = next(numbered, None)
    if first is None or group_of(origin.source_arn) is None:
        yield _why_no_log(first[1] if first else b"")
        return
    rest = itertools.chain([first], numbered)
    is_export = _EXPORTED.match(first[1]) and not _TIMED_OUT.match(first[1])
    if is_export:
        yield from _exported(rest, origin)
        return
    for number, line in rest:
        said = _SAID_AT.match(line)
        at = instant_of_seconds(said[1].decode()) if said else None
        yield _line(number, line, at, None, origin)


def looks_like_log(value: Any) -> bool:
    """Whether a JSON value is a line of Lambda's own or of an application's JSON log.

    Example:
        >>> looks_like_log({"time": "2026-01-05T10:00:00Z", "type": "platform.start", "record": {}})
        True
    """
    if not isinstance(value, dict):
        return False
    return value.keys() >= {"time", "type", "record"} or value.keys() >= {"timestamp", "level"}


def _why_no_log(first: bytes) -> Skip:
    if _LAMBDA_LINE.match(first):
        return WITHOUT_GROUP
    start = first.strip()[:40].decode("utf-8", "replace")
    return Skip(
        f"text, not JSON: it begins with {start!r}; "
        "if it is a log, pass --source ARN of the log group or the function"
    )


def _exported(numbered: Iterator[tuple[int, bytes]], origin: Origin) -> Iterator[Record | Skip]:
    held: tuple[int, datetime | None, bytes | None, list[bytes]] | None = None
    for number, line in numbered:
        begun = _EXPORTED.match(line)
        if held is not None and begun is None:
            held[3].append(line)
            continue
        if held is not None:
            yield _line(held[0], b"\n".join(held[3]), held[1], held[2], origin)
        if begun is not None:
            held = (number, instant_of_seconds(begun[1].decode()), begun[2], [begun[3]])
    if held is not None:
        yield _line(held[0], b"\n".join(held[3]), held[1], held[2], origin)


def _line(
    number: int, line: bytes, at: datetime | None, stream: bytes | None, origin: Origin
) -> Record | Skip:
    group_arn = group_of(origin.source_arn)
    if group_arn is None:
        return WITHOUT_GROUP
    stream_id = stream.decode("utf-8", "backslashreplace") if stream else origin.partition_id or ""
    identity = f"{group_arn}\0{stream_id}\0{number}\0".encode("utf-8", "backslashreplace") + line
    return origin.record(
        service=Service.LOGS,
        source_arn=group_arn,
        partition_id=stream_id,
        record_id=blake2b(identity, digest_size=16).hexdigest(),
        body=line,
        envelope={"line": number},
        order_scope=OrderScope.PARTITION if stream_id else OrderScope.NONE,
        source_at=at,
    )


def _events(
    events: list[Any],
    group_arn: str,
    id_member: str,
    origin: Origin,
    rest: dict[str, Any] | None,
    subscription: dict[str, Any] | None = None,
) -> Iterator[Record | Skip]:
    equals: Counter[str] = Counter()
    stream = text_of(rest, "logStream")
    for number, event in enumerate(events, start=1):
        place = f"log event {number}"
        if not isinstance(event, dict) or not isinstance(event.get("message"), str):
            yield Skip("wanted a log event with a message", place)
            continue
        stream_id = text_of(event, "logStreamName") or stream or origin.partition_id or ""
        event_id = text_of(event, id_member)
        if event_id is None:
            same = compact_json(
                [group_arn, stream_id, *map(event.get, ("timestamp", "ingestionTime", "message"))]
            )
            event_id = blake2b(f"{same}{equals[same]}".encode(), digest_size=16).hexdigest()
            equals[same] += 1
        noted = {} if rest is None else {"awslogs": rest}
        if subscription is not None:
            noted["subscription"] = {"number": number, **subscription}
        yield _event(event, group_arn, stream_id, event_id, origin, noted)


def _event(
    event: dict[str, Any],
    group_arn: str,
    stream_id: str,
    event_id: str,
    origin: Origin,
    noted: dict[str, Any],
) -> Record:
    envelope = dict(event)
    body = detach_text(envelope, envelope, "message")
    envelope |= noted
    ingested = {"ingestionTime": event["ingestionTime"]} if "ingestionTime" in event else {}
    return origin.record(
        service=Service.LOGS,
        source_arn=group_arn,
        partition_id=stream_id,
        record_id=event_id,
        body=body,
        envelope=envelope,
        order_scope=OrderScope.PARTITION if stream_id else OrderScope.NONE,
        source_at=instant_of_ms(event.get("timestamp")),
        system=ingested,
    )


def _named_group(rest: dict[str, Any], origin: Origin) -> str:
    name = rest["logGroup"]
    said = group_of(origin.source_arn)
    if said is not None and said.endswith(f":log-group:{name}"):
        return said
    return f"arn:aws:logs::{text_of(rest, 'owner') or ''}:log-group:{name}"


def _inflated(data: Any) -> tuple[bytes, bytes]:
    """The message as it came, and its text."""
    if not isinstance(data, str):
        raise ValueError(f"wanted base64 text, found {type(data).__name__}")
    try:
        packed = base64.b64decode(data, validate=True)
        inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib, by its first bytes
        inflated = inflater.decompress(packed, SUBSCRIPTION_BYTES_MAX)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"not base64 of gzip or zlib ({error})") from None
    if inflater.unconsumed_tail:
        raise ValueError(f"inflates to more than {SUBSCRIPTION_BYTES_MAX:,} bytes")
    if not inflater.eof:
        raise ValueError("its gzip is cut off")
    return packed, inflated
