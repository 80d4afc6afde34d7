"""What a handler's answer means for the records of its batch: the table of ReportBatchItemFailures."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Judgement:
    """Which records of a batch failed."""

    failed: frozenset[str]
    """Identifiers, each in the batch; all of them where the whole batch failed."""
    reason: str | None = None
    """Why the whole batch counts as failed though the handler answered."""


SUCCEEDED = Judgement(frozenset())


def judge(response: str | None, identifiers: Collection[str]) -> Judgement:
    """The failures that an answer reports, where the mapping has ReportBatchItemFailures.

    Args:
        response: what the handler returned, as JSON.
        identifiers: of the batch: message ids of a queue, sequence numbers of a stream.

    Returns:
        Nothing failed for an empty answer, an empty list, or an object without the list. The whole batch failed where
        an entry names nothing, or nothing of this batch. Assumed: an answer that is no object fails the batch.

    Example:
        >>> judge('{"batchItemFailures": [{"itemIdentifier": "b"}]}', ["a", "b"]).failed
        frozenset({'b'})
        >>> judge('{"batchItemFailures": [{"itemIdentifier": ""}]}', ["a", "b"]).reason
        'an entry of batchItemFailures names no record'

    Source: Lambda developer guide, "Implementing partial batch responses".
    """
    try:
        answer = _parsed(response)
    except (ValueError, RecursionError):  # a program of any runtime may answer anything
        return _whole(identifiers, "the answer is no JSON")
    if not answer and not isinstance(answer, bool | int | float):
        return SUCCEEDED
    if not isinstance(answer, dict):
        return _whole(identifiers, f"the answer is {_kind(answer)}, not an object")
    entries = answer.get("batchItemFailures")
    if entries is None:
        return SUCCEEDED
    if not isinstance(entries, list):
        return _whole(identifiers, f"batchItemFailures is {_kind(entries)}, not a list")
    return _named(entries, identifiers)


def _named(entries: list[Any], identifiers: Collection[str]) -> Judgement:
    named = [
        str(entry["itemIdentifier"])
        for entry in entries
        if isinstance(entry, dict) and entry.get("itemIdentifier")
    ]
    if len(named) < len(entries):
        return _whole(identifiers, "an entry of batchItemFailures names no record")
    strangers = [name for name in named if name not in identifiers]
    if strangers:
        reason = f"batchItemFailures names {strangers[0]!r}, which is not in the batch"
        return _whole(identifiers, reason)
    return Judgement(frozenset(named))


def _parsed(response: str | None) -> Any:
    return None if response is None else json.loads(response)


def _whole(identifiers: Collection[str], reason: str) -> Judgement:
    return Judgement(frozenset(identifiers), reason)


def _kind(value: Any) -> str:
    return {str: "a text", list: "a list", bool: "a boolean", dict: "an object"}.get(
        type(value), "a number"
    )
