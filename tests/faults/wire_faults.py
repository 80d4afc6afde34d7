"""What goes wrong on the wire: bytes that are no answer, connections that break, servers that refuse."""

import contextlib
import json
import socket
import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler
from typing import Any

from connectors.errors import (
    AccessDeniedError,
    ConnectorError,
    CorruptAnswerError,
    ThrottledError,
    UnavailableError,
)
from tests.faults.wire_aws import ANSWER_AS_JSON, Sender, Sent, send

READ_TIMEOUT_S = 0.15
"""How long a client waits for an answer where one never comes."""
HTML = b"<!DOCTYPE html><html><body>Sign in to the hotel's network</body></html>"
STREAMS = frozenset({"kinesis", "dynamodb"})
EVERY = frozenset({"kinesis", "dynamodb", "logs", "sqs", "sns"})


@dataclass(frozen=True)
class WireFault:
    """One thing that goes wrong with one answer."""

    name: str
    send: Sender
    error: type[ConnectorError] | None
    """What a reader is told; None: it must not notice."""
    of: frozenset[str] = EVERY
    """The sources whose answers can be damaged so."""
    slow: bool = False
    """The client's patience must be shortened for it."""
    heavy: bool = False
    """One page of it is enough."""


def _altered(change: Callable[[Sent], Sent]) -> Sender:
    return lambda handler, sent: send(handler, change(sent))


def _body(change: Callable[[bytes], bytes]) -> Sender:
    return _altered(lambda sent: replace(sent, body=change(sent.body)))


def _document(change: Callable[[dict[str, Any]], Any]) -> Sender:
    return _body(lambda body: json.dumps(change(json.loads(body))).encode())


def _members(body: bytes, value: bytes) -> bytes:
    """The answer with its list of records replaced by other text."""
    document = json.loads(body)
    name = next((n for n in ("Records", "events", "Messages") if n in document), "Messages")
    document[name] = "here"
    return json.dumps(document).encode().replace(b'"here"', value)


def _each_record(change: Callable[[dict[str, Any]], None]) -> Sender:
    def changed(document: dict[str, Any]) -> dict[str, Any]:
        for name in ("Records", "events", "Messages"):
            for record in document.get(name, ()):
                change(record)
        return document

    return _document(changed)


def _instant(value: Any) -> Sender:
    def set_instant(record: dict[str, Any]) -> None:
        if "dynamodb" in record:
            record["dynamodb"]["ApproximateCreationDateTime"] = value
        elif "Attributes" in record:
            record["Attributes"]["SentTimestamp"] = str(value)
        elif "message" in record:
            record["timestamp"] = value
        else:
            record["ApproximateArrivalTimestamp"] = value

    return _each_record(set_instant)


def _bad_base64(record: dict[str, Any]) -> None:
    if "dynamodb" in record:
        record["dynamodb"]["NewImage"]["raw"]["B"] = "abcde"
    else:
        record["Data"] = "abcde"


def _refused(status: int, code: str, **headers: str) -> Sender:
    body = json.dumps({"__type": code, "message": "scripted"}).encode()
    return _altered(lambda sent: Sent(body, (), status, {**ANSWER_AS_JSON, **headers}))


def _page(status: int, body: bytes, **headers: str) -> Sender:
    return _altered(lambda sent: Sent(body, (), status, {"Content-Type": "text/html", **headers}))


def _reset(handler: BaseHTTPRequestHandler, sent: Sent) -> None:
    """The connection is torn before the answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def _cut_short(handler: BaseHTTPRequestHandler, sent: Sent) -> None:
    """Half of the answer, then the end of the connection."""
    _head(handler, sent)
    handler.wfile.write(sent.body[: len(sent.body) // 2])
    handler.close_connection = True


def _never(handler: BaseHTTPRequestHandler, sent: Sent) -> None:
    """No answer for as long as the client has patience."""
    handler.close_connection = True
    handler.connection.settimeout(3 * READ_TIMEOUT_S)
    with contextlib.suppress(OSError):
        handler.rfile.read(1)  # returns when the client has gone


def _in_drops(handler: BaseHTTPRequestHandler, sent: Sent) -> None:
    """Slow, but each drop comes in time."""
    _head(handler, sent)
    for start in range(0, len(sent.body), 400):
        handler.wfile.write(sent.body[start : start + 400])
        handler.wfile.flush()
        time.sleep(0.01)  # the point of this fault; the test itself waits for nothing


def _garbage(handler: BaseHTTPRequestHandler, sent: Sent) -> None:
    handler.wfile.write(b"\x00\xff\xfe not HTTP at all\r\n\r\n")
    handler.close_connection = True


def _head(handler: BaseHTTPRequestHandler, sent: Sent) -> None:
    handler.send_response(sent.status)
    for name, value in {**sent.headers, "Content-Length": str(len(sent.body))}.items():
        handler.send_header(name, value)
    handler.end_headers()


def _bomb() -> bytes:
    """300 MB as 300 KB of gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    megabyte = b"a" * 1_000_000
    return b"".join(packer.compress(megabyte) for _ in range(300)) + packer.flush()


_BOMB = _bomb()
_CORRUPT, _FAILED = CorruptAnswerError, UnavailableError

FAULTS: tuple[WireFault, ...] = (
    WireFault("truncated JSON", _body(lambda b: b[: len(b) // 2]), _CORRUPT),
    WireFault("truncated at a brace", _body(lambda b: b[: b.rindex(b"}", 0, -2) + 1]), _CORRUPT),
    WireFault("HTML", _page(200, HTML), _CORRUPT),
    WireFault("an empty body", _body(lambda b: b""), _CORRUPT),
    WireFault("null", _body(lambda b: b"null"), _CORRUPT),
    WireFault("a list", _body(lambda b: b"[1,2]"), _CORRUPT),
    WireFault("an empty object", _body(lambda b: b"{}"), _CORRUPT, STREAMS | {"logs"}),
    WireFault("records as text", _body(lambda b: _members(b, b'"x"')), _CORRUPT),
    WireFault("records of numbers", _body(lambda b: _members(b, b"[1,2]")), _CORRUPT),
    WireFault("invalid UTF-8", _body(lambda b: _members(b, b'["\xff\xfe"]')), _CORRUPT),
    WireFault(
        "nesting of 100,000",
        _body(lambda b: _members(b, b"[" * 100_000 + b"]" * 100_000)),
        _CORRUPT,
    ),
    WireFault("bad base64", _each_record(_bad_base64), _CORRUPT, STREAMS),
    WireFault("an instant of 1e30", _instant(1e30), _CORRUPT, EVERY - {"sns"}),
    WireFault("an instant of NaN", _instant(float("nan")), _CORRUPT, EVERY - {"sns"}),
    WireFault("500 and HTML", _page(500, HTML), _FAILED),
    WireFault("503", _refused(503, "ServiceUnavailable"), _FAILED),
    WireFault("a reset", _reset, _FAILED),
    WireFault("an end in mid-answer", _cut_short, _FAILED),
    WireFault("silence", _never, _FAILED, slow=True),
    WireFault("drops", _in_drops, None),
    WireFault("garbage", _garbage, _FAILED),
    WireFault("throttled", _refused(400, "ProvisionedThroughputExceededException"), ThrottledError),
    WireFault("throttled by another name", _refused(400, "ThrottlingException"), ThrottledError),
    WireFault("429", _page(429, HTML), ThrottledError),
    WireFault(
        "an expired iterator", _refused(400, "ExpiredIteratorException"), ConnectorError, STREAMS
    ),
    WireFault(
        "a bad signature",
        _refused(400, "InvalidSignatureException", Date="Sun, 01 Mar 2026 13:00:00 GMT"),
        AccessDeniedError,
    ),
    WireFault(
        "a wrong checksum",
        _altered(lambda s: replace(s, headers={**s.headers, "x-amz-crc32": "1"})),
        _CORRUPT,
    ),
    WireFault("20 MB", _body(lambda b: b + b" " * 20_000_000), None, heavy=True),
    WireFault(
        "a gzip bomb",
        _altered(
            lambda s: replace(s, body=_BOMB, headers={**s.headers, "Content-Encoding": "gzip"})
        ),
        _CORRUPT,
    ),
    WireFault("a redirect", _page(307, b"", Location="/elsewhere"), _CORRUPT),
)
"""Every fault of the table; `error` is what `connectors.access.call` must raise for it."""
