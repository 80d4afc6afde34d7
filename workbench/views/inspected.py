"""One delivery taken apart for the eye: its payload as a tree, text or bytes, what is packed in it, and all else known.

Everything is text in which every character can be seen; a long payload is cut, and says so.
"""

from collections.abc import Callable, Mapping
from typing import Any

from workbench.markup import visible
from workbench.views.decoded import decoded
from workbench.views.json_tree import exact_json, json_tree

CUT_BYTES = 200_000
"""Of a payload that are shown at once; a browser is slow with more."""
HEX_ROW_BYTES = 16
HEX_TIMES = 5
"""Characters that a byte takes in a hexadecimal dump, about."""
Row = Mapping[str, Any]
Part = dict[str, Any]
"""`title` and one of `tree` (of `json_tree`), `text`, `cells` (pairs of name and text)."""


def inspected(row: Row, face: str, *, whole: bool = False) -> dict[str, Any]:
    """What one face of a delivery shows.

    Args:
        row: of `records`.
        face: one of `FACES`.
        whole: show long payloads to their end.

    Returns:
        `parts`, one under the other; `is_cut`: there is more; `note`: what is to be said where there is nothing.

    Example:
        >>> inspected({"body": b"hi", "parse_status": "text"}, "raw")
        {'parts': [{'title': '', 'text': 'hi'}], 'is_cut': False, 'note': ''}
    """
    parts, is_cut, note = FACES[face](row, None if whole else CUT_BYTES)
    return {"parts": parts, "is_cut": is_cut, "note": note}


Shown = tuple[list[Part], bool, str]


def _tree(row: Row, most: int | None) -> Shown:
    try:
        value = exact_json(row["body"])
    except (ValueError, RecursionError):
        return [], False, f"The payload is no JSON: {row['parse_status']}."
    root, is_cut = json_tree(value, most)
    return [{"title": "", "tree": root}], is_cut, ""


def _raw(row: Row, most: int | None) -> Shown:
    body = row["body"]
    return [{"title": "", "text": visible(body[:most])}], most is not None and len(body) > most, ""


def _hex(row: Row, most: int | None) -> Shown:
    body = row["body"]
    kept = body[: None if most is None else most // HEX_TIMES]
    return [{"title": "", "text": hex_dump(kept)}], len(kept) < len(body), ""


def _decoded(row: Row, most: int | None) -> Shown:
    parts: list[Part] = []
    is_cut = False
    for layer in decoded(row["body"]):
        part, cut = _content(layer.content, most)
        parts.append({"title": visible(" → ".join(layer.path))} | part)
        is_cut = is_cut or cut
    return parts, is_cut, "" if parts else "Nothing is packed inside the payload."


def _record(row: Row, most: int | None) -> Shown:
    documents = ("attributes", "envelope")
    cells = [
        [name, value.hex() if isinstance(value, bytes) else visible(value)]
        for name, value in row.items()
        if name not in ("body", *documents)
    ]
    parts: list[Part] = [{"title": "", "cells": cells}]
    is_cut = False
    for name in documents:
        part, cut = _content((row[name] or "").encode("utf-8", "surrogatepass"), most)
        parts.append({"title": name} | part)
        is_cut = is_cut or cut
    return parts, is_cut, ""


def _content(content: Any, most: int | None) -> tuple[Part, bool]:
    """A tree where it is JSON, else text."""
    if isinstance(content, bytes):
        try:
            content = exact_json(content)
        except (ValueError, RecursionError):
            return {"text": visible(content[:most])}, most is not None and len(content) > most
    root, is_cut = json_tree(content, most)
    return {"tree": root}, is_cut


def hex_dump(body: bytes) -> str:
    r"""Bytes in hexadecimal, sixteen a line, with where they stand and what they are in ASCII.

    Example:
        >>> hex_dump(b"order\n1")
        '00000000  6f 72 64 65 72 0a 31                             order.1'
    """
    return "\n".join(
        _hex_line(at, body[at : at + HEX_ROW_BYTES]) for at in range(0, len(body), HEX_ROW_BYTES)
    )


def _hex_line(at: int, line: bytes) -> str:
    seen = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in line)
    return f"{at:08x}  {line.hex(' '):<{HEX_ROW_BYTES * 3 - 1}}  {seen}"


FACES: dict[str, Callable[[Row, int | None], Shown]] = {
    "json": _tree,
    "raw": _raw,
    "hex": _hex,
    "decoded": _decoded,
    "record": _record,
}
"""What a delivery can be seen as."""
