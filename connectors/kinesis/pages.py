"""Turns an answer of GetRecords into records: from botocore's parsing, or several times faster from the raw body.

botocore spends most of its time on dates. A hook hands the body through as it came, and one
function reads both, so that nobody behind it can tell which way an answer took. A record that
cannot be read does not hide the others of its page.
"""

import json
import re
from binascii import a2b_base64
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, make_dataclass
from datetime import UTC, datetime
from typing import Any, cast

import orjson

from connectors.answers import compact_json, iso, required
from connectors.errors import CorruptAnswerError
from connectors.record import OrderScope, Record

RAW_BODY = "RawBody"
"""Where the hook puts the body in the answer that botocore gives."""
_Draft = make_dataclass(
    "_Draft",
    [
        (each.name, each.type) if each.default is MISSING else (each.name, each.type, each.default)
        for each in fields(Record)
    ],
    slots=True,
)
"""The fields of a record before it is frozen: to fill a frozen one takes six times as long."""
_SPELLED = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z
_TOLD = {
    "sequence_number": re.compile(rb'(?<!\\)"SequenceNumber"\s*:\s*"([0-9]+)"'),
    "arrived_at": re.compile(
        rb'(?<!\\)"ApproximateArrivalTimestamp"\s*:\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*[,}]'
    ),
    "next_iterator": re.compile(rb'(?<!\\)"NextShardIterator"\s*:\s*"([^"\\]+)"'),
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose answer it is and when it came: what every record of a page shares."""

    service: str
    source_arn: str
    shard_id: str
    received_at: datetime

    @property
    def wanted(self) -> str:
        """For the message of an error."""
        return f"records of {self.shard_id} of {self.source_arn}"


@dataclass(frozen=True, slots=True)
class Damaged:
    """A record that cannot be read: what its answer still tells of it."""

    sequence_number: str | None
    arrived_at: datetime | None
    next_iterator: str | None = None
    """Only where the whole answer is damaged."""


@dataclass(frozen=True, slots=True)
class RecordsAnswer:
    """One answer of GetRecords, checked."""

    entries: tuple[Record | Damaged, ...]
    """In the shard's order."""
    next_iterator: str | None
    behind_ms: int
    children: tuple[str, ...]
    """Shards that name this one as a parent; told only at a shard's end."""
    whole: bool = True
    """False: the answer as a whole was damaged, and this is all it told."""

    @property
    def over(self) -> bool:
        """Whether it looks like a shard's end."""
        return self.whole and self.next_iterator is None


def keep_raw_body(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """A hook for `before-parse.kinesis.GetRecords`: botocore parses nothing, the body goes on as it came.

    Example:
        >>> answer = {"status_code": 200, "body": b'{"Records":[]}'}
        >>> kept = {}
        >>> keep_raw_body(response_dict=answer, customized_response_dict=kept)
        >>> kept, answer["body"]
        ({'RawBody': b'{"Records":[]}'}, b'{}')

    Source: botocore.endpoint.Endpoint.
    """
    if response_dict["status_code"] != 200:
        return  # an error is botocore's to read
    if RAW_BODY not in customized_response_dict:  # registered twice on one client, it acts once
        customized_response_dict[RAW_BODY] = response_dict["body"]
        response_dict["body"] = b"{}"


def read_answer(answer: Mapping[str, Any], origin: Origin) -> RecordsAnswer:
    """The records of an answer, of a body or of botocore's parsing, in the shard's order.

    Raises:
        CorruptAnswerError: The answer as a whole cannot be read, or lacks what AWS always sends.

    Example:
        >>> origin = Origin("aws:kinesis", "arn:…", "shardId-0", datetime(2026, 1, 2, tzinfo=UTC))
        >>> read_answer({"Records": [], "MillisBehindLatest": 0}, origin).behind_ms
        0

    Source: GetRecords.
    """
    raw = answer.get(RAW_BODY)
    document = answer if raw is None else _document(raw, origin.wanted)
    listed = required(document, "Records", list, origin.wanted)
    behind_ms = required(document, "MillisBehindLatest", int, origin.wanted)
    following = document.get("NextShardIterator")
    if following is not None:
        required(document, "NextShardIterator", str, origin.wanted)
    entry = _parsed_entry if raw is None else _raw_entry
    entries = tuple([entry(record, origin) for record in listed])
    return RecordsAnswer(entries, following, behind_ms, tuple(_children(document, origin.shard_id)))


def what_is_told(answer: Mapping[str, Any] | None) -> Damaged:
    """What a body that cannot be parsed still tells of its one record.

    Example:
        >>> what_is_told({"RawBody": b'{"Records":[{"SequenceNumber":"12","Da'}).sequence_number
        '12'
    """
    raw = (answer or {}).get(RAW_BODY)
    if not isinstance(raw, bytes):
        return Damaged(None, None)
    told = {name: set(pattern.findall(raw)) for name, pattern in _TOLD.items()}
    only = {name: found.pop().decode() for name, found in told.items() if len(found) == 1}
    at = only.get("arrived_at")
    return Damaged(
        only.get("sequence_number"),
        _instant(orjson.loads(at)) if at is not None and at[-1] not in ".eE" else None,
        only.get("next_iterator"),
    )


def _document(raw: bytes, wanted: str) -> dict[str, Any]:
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        document = _document_of_python(raw, wanted)
    if isinstance(document, dict):
        return document
    raise CorruptAnswerError(
        f"{wanted}: an answer was wanted, found {type(document).__name__}; try again"
    )


def _document_of_python(raw: bytes, wanted: str) -> Any:
    """What botocore reads and orjson does not: lone surrogates, NaN, numbers beyond 64 bits."""
    try:
        return json.loads(raw.decode())
    except (ValueError, RecursionError) as error:
        raise CorruptAnswerError(
            f"{wanted}: unreadable answer of {len(raw)} bytes ({type(error).__name__}); "
            "try again; is something between us and AWS?"
        ) from error


def _raw_entry(raw: Any, origin: Origin) -> Record | Damaged:
    """A record as JSON says it."""
    try:
        sequence_number, stamp = raw["SequenceNumber"], raw.get("ApproximateArrivalTimestamp")
        data, key = raw["Data"], raw.get("PartitionKey")
        encryption = raw.get("EncryptionType")
        # AWS sends no line breaks and full padding; anything else was changed on the way.
        body = a2b_base64(data, strict_mode=True)
        if not (_is_number(sequence_number) and (key is None or type(key) is str)):
            return _damaged(raw)
    except (TypeError, AttributeError, KeyError, ValueError):
        return _damaged(raw)
    at = None if stamp is None else _instant(stamp)
    return _record(origin, sequence_number, at, body, key, encryption)


def _parsed_entry(parsed: Any, origin: Origin) -> Record | Damaged:
    """A record as botocore says it."""
    if not isinstance(parsed, Mapping) or not isinstance(parsed.get("Data"), bytes):
        return _damaged(parsed)
    sequence_number, at = parsed.get("SequenceNumber"), parsed.get("ApproximateArrivalTimestamp")
    key = parsed.get("PartitionKey")
    if not isinstance(sequence_number, str) or not _is_number(sequence_number):
        return _damaged(parsed)
    if not isinstance(key, str | None) or not isinstance(at, datetime | None):
        return _damaged(parsed)
    in_utc = at.astimezone(UTC) if at is not None else None
    encryption = parsed.get("EncryptionType")
    return _record(origin, sequence_number, in_utc, parsed["Data"], key, encryption)


def _record(
    origin: Origin,
    sequence_number: str,
    arrived_at: datetime | None,
    body: bytes,
    key: str | None,
    encryption: str | None,
) -> Record:
    envelope: dict[str, Any] = {"SequenceNumber": sequence_number}
    if arrived_at is not None:
        # orjson writes no microseconds where there are none, and instants here always have them.
        envelope["ApproximateArrivalTimestamp"] = (
            arrived_at if arrived_at.microsecond else iso(arrived_at)
        )
    if key is not None:
        envelope["PartitionKey"] = key
    if encryption is not None:
        envelope["EncryptionType"] = encryption
    try:
        spelled = orjson.dumps(envelope, option=_SPELLED).decode()
    except orjson.JSONEncodeError:  # half of a surrogate pair: no text that can be stored
        spelled = compact_json(envelope)
        key = key if key is None else key.encode(errors="backslashreplace").decode()
    record: Any = _Draft(
        origin.service,
        origin.source_arn,
        origin.shard_id,
        f"{origin.shard_id}:{sequence_number}",
        origin.received_at,
        body,
        sequence_number,
        key,
        OrderScope.PARTITION,
        arrived_at,
        envelope=spelled,
    )
    record.__class__ = Record
    return cast(Record, record)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _damaged(entry: Any) -> Damaged:
    if not isinstance(entry, Mapping):
        return Damaged(None, None)
    sequence_number = entry.get("SequenceNumber")
    known = isinstance(sequence_number, str) and _is_number(sequence_number)
    stamp = entry.get("ApproximateArrivalTimestamp")
    at = stamp.astimezone(UTC) if isinstance(stamp, datetime) else _instant(stamp)
    return Damaged(sequence_number if known else None, at)


def _instant(stamp: Any) -> datetime | None:
    """What botocore makes of a timestamp, in UTC; None where it makes nothing of it."""
    if type(stamp) is float or type(stamp) is int:
        try:
            return datetime.fromtimestamp(stamp, UTC)
        except (ValueError, OverflowError, OSError):
            return None
    return _odd_instant(stamp)


def _odd_instant(stamp: Any) -> datetime | None:
    from botocore.utils import parse_timestamp

    try:
        return parse_timestamp(stamp).astimezone(UTC) if isinstance(stamp, str) else None
    except (ValueError, OverflowError, RuntimeError):
        return None


def _children(document: Mapping[str, Any], shard_id: str) -> Iterator[str]:
    """The shards that say that they follow this one; others prove nothing."""
    for child in document.get("ChildShards") or ():
        if isinstance(child, Mapping) and shard_id in (child.get("ParentShards") or ()):
            yield required(child, "ShardId", str, f"a child of {shard_id}")
