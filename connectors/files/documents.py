"""Takes a stream of bytes apart: one JSON document, several, JSON lines, or lines of text.

Which of them it is, the first lines tell; names and endings of files tell nothing. JSON lines and text
stream: no more than one line is held. A document over several lines is read whole, up to a bound.
"""

import gzip
import io
import itertools
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connectors.files.json_text import DECODER, TOO_DEEP, parse_json, why_not

DOCUMENT_BYTES_MAX = 256 * 1024 * 1024
"""Assumed: one document or line beyond this is no answer of AWS; memory is kept in bounds."""
INFLATED_BYTES_MAX = 1024 * 1024 * 1024
"""Assumed: a gzip file that grows beyond this is cut, for it may be a bomb."""
_HEAD_LINES = 20
_HEAD_BYTES = 64 * 1024
_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_LEVEL = re.compile(rb"\[[A-Za-z]+\](?![\],])")
_NEXT_DOCUMENT = re.compile(r"\n(?=[{\[])")


@dataclass(frozen=True, slots=True)
class Document:
    """One JSON value out of a file."""

    line_number: int
    """Where it begins; 0 where the file is this one document."""
    value: Any
    line: bytes | None = None
    """The text, where the document is one line of JSON lines."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A stretch of a file that is no JSON, or cannot be read."""

    line_number: int
    """Where it begins; 0: the file."""
    reason: str
    line: bytes | None = None
    """The text, where it is a line of JSON lines."""


@dataclass(frozen=True, slots=True)
class TextLines:
    """A file that is text, not JSON; its lines without their ends."""

    lines: Iterator[bytes]


def documents(stream: io.BufferedReader) -> Iterator[Document | Broken | TextLines]:
    r"""What a file holds, in its order.

    Args:
        stream: Open at its start; plain or gzip.

    Returns:
        Documents and what is broken between them, or one `TextLines`.

    Raises:
        OSError, EOFError, zlib.error: The file cannot be read on, is cut off or inflates without end.

    Example:
        >>> stream = io.BufferedReader(io.BytesIO(b'{"a": 1}\n{"a": 2}\n'))
        >>> [document.value for document in documents(stream)]
        [{'a': 1}, {'a': 2}]
    """
    lines = _lines(_inflated(stream))
    head = _head(lines)
    first = next((line for line in head if line.strip()), None)
    refusal = _refusal(head, first)
    if refusal or first is None:
        yield Broken(0, refusal or "an empty file: nothing to import")
    elif not _begins_json(first):
        yield from _text(itertools.chain(head, lines))
    elif _is_json_lines(head):
        yield from _json_lines(itertools.chain(head, lines))
    else:
        yield from _whole(b"".join(_within_bounds(itertools.chain(head, lines))))


def _inflated(stream: io.BufferedReader) -> io.BufferedReader:
    if stream.peek(2)[:2] != b"\x1f\x8b":
        return stream
    return io.BufferedReader(_Bounded(gzip.GzipFile(fileobj=stream)))


class _Bounded(io.RawIOBase):
    """Refuses to inflate beyond the bound."""

    def __init__(self, source: gzip.GzipFile) -> None:
        self._source = source
        self._read_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._source.readinto(buffer)
        self._read_bytes += count
        if self._read_bytes > INFLATED_BYTES_MAX:
            raise OSError(f"gzip inflates to more than {INFLATED_BYTES_MAX:,} bytes")
        return count


def _lines(stream: io.BufferedReader) -> Iterator[bytes]:
    first = True
    while line := stream.readline(DOCUMENT_BYTES_MAX + 1):
        if len(line) > DOCUMENT_BYTES_MAX:
            raise OSError(f"a line of more than {DOCUMENT_BYTES_MAX:,} bytes")
        yield line.removeprefix(_BOM) if first else line
        first = False


def _head(lines: Iterator[bytes]) -> list[bytes]:
    head: list[bytes] = []
    size_bytes = 0
    for line in lines:
        head.append(line)
        size_bytes += len(line)
        if len(head) >= _HEAD_LINES or size_bytes >= _HEAD_BYTES:
            break
    return head


def _refusal(head: list[bytes], first: bytes | None) -> str | None:
    start = head[0][:4] if head else b""
    if start[:2] in _UTF_16:
        return "UTF-16 text: wanted UTF-8 (PowerShell: `| Out-File -Encoding utf8`)"
    if any(b"\0" in line for line in head):
        return (
            f"a binary file (it starts with {start.hex(' ')}): wanted JSON or text, plain or gzip"
        )
    return None if first is None or _begins_json(first) else _not_utf_8(first)


def _not_utf_8(line: bytes) -> str | None:
    try:
        line.decode()
    except UnicodeDecodeError as error:
        return f"{why_not(error)} of {line[:20]!r}: wanted JSON or text in UTF-8"
    return None


def _begins_json(line: bytes) -> bool:
    return line.lstrip()[:1] in (b"{", b"[") and not _LEVEL.match(line)


def _is_json_lines(head: list[bytes]) -> bool:
    """One broken line does not decide; a bracket alone on its line begins a longer document."""
    is_spread = any(line.rstrip() in (b"{", b"[") for line in head)
    return not is_spread and any(_is_document(line) for line in head)


def _is_document(line: bytes) -> bool:
    """Whether a line is a document by itself; what is indented is part of a longer one."""
    if not line.startswith((b"{", b"[")):
        return False
    try:
        parse_json(line)
    except ValueError:
        return False
    return True


def _text(lines: Iterator[bytes]) -> Iterator[TextLines]:
    yield TextLines(line.removesuffix(b"\n").removesuffix(b"\r") for line in lines)


def _json_lines(lines: Iterator[bytes]) -> Iterator[Document | Broken]:
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text:
            continue
        try:
            yield Document(number, parse_json(text), text)
        except ValueError as error:
            yield Broken(number, why_not(error).replace(" at line 1", ""), text)


def _within_bounds(lines: Iterator[bytes]) -> Iterator[bytes]:
    size_bytes = 0
    for line in lines:
        size_bytes += len(line)
        if size_bytes > DOCUMENT_BYTES_MAX:
            raise OSError(
                f"one JSON document of more than {DOCUMENT_BYTES_MAX:,} bytes: "
                "make JSON lines of it (jq -c '.Records[]')"
            )
        yield line


def _whole(text: bytes) -> Iterator[Document | Broken]:
    try:
        yield Document(0, parse_json(text))
    except UnicodeDecodeError as error:
        yield Broken(0, why_not(error))
    except ValueError:
        yield from _one_after_another(text.decode())


def _one_after_another(text: str) -> Iterator[Document | Broken]:
    """Documents written after each other, as several answers appended to one file are."""
    at, line, counted = 0, 1, 0
    while (at := _skip_space(text, at)) < len(text):
        line, counted = line + text.count("\n", counted, at), at
        begins = line if line > 1 else 0
        try:
            value, at = DECODER.raw_decode(text, at)
            yield Document(begins, value)
        except (ValueError, RecursionError) as error:
            reason = why_not(error) if isinstance(error, ValueError) else TOO_DEEP
            yield Broken(begins, reason)
            following = _NEXT_DOCUMENT.search(text, max(at, getattr(error, "pos", at)))
            at = following.end() if following else len(text)


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


UNREADABLE = (OSError, EOFError, zlib.error)
"""What reading a stream raises when the bytes themselves fail."""
