"""Filtering: which records a mapping's FilterCriteria let through to the function."""

import base64
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from connectors.record import Service
from workbench.patterns import mapping_admits, matches
from workbench.replay.engine.invocation import Item
from workbench.replay.events import event_record

_ADDED = ("eventSource", "eventSourceARN", "awsRegion")
"""Put on a record after filtering, so that no filter sees them. A change of a table has the source and the region of
its own, from DynamoDB; AWS was recorded matching one."""
_ADDED_TO_CHANGES = ("eventSourceARN",)


def admitted(item: Item, filters: tuple[str, ...]) -> bool:
    r"""Whether a record passes one of a mapping's filters.

    Args:
        item: the record.
        filters: patterns as JSON; none of them lets everything through.

    Returns:
        What AWS documents, where it does: the data part counts only where record and pattern have it in the same
        format, so that a plain text fails a pattern of JSON. Assumed where it does not (patterns over metadata, data
        that is a bare number or text in JSON, aggregates of the Kinesis Producer Library): the pattern is held against
        the whole record as it will be delivered, without `eventSource`, `eventSourceARN` and `awsRegion`; members of
        `kinesis` stand at the top, and data that is JSON is seen as what it parses to.

    Example:
        >>> from datetime import UTC, datetime
        >>> at = datetime(2026, 1, 1, tzinfo=UTC)
        >>> names = ("aws:sqs", "arn:aws:sqs:eu-west-1:1:q", "", "m", None, None)
        >>> item = Item(1, *names, at, 1, b'{"state": "paid"}', "{}")
        >>> [admitted(item, ('{"body": {"state": ["%s"]}}' % state,)) for state in ("paid", "open")]
        [True, False]

    Source: Lambda developer guide, "Control which events Lambda sends to your function".
    """
    if not filters:
        return True
    # A change of a table is always JSON, and its instant is a number only in the record as delivered.
    told = None if item.service == Service.DYNAMODB else _documented(item, filters)
    return _passes_one(item, filters) if told is None else told


def _documented(item: Item, filters: tuple[str, ...]) -> bool | None:
    return mapping_admits(_criteria(filters), item.service, item.body, item.envelope)


@lru_cache(maxsize=64)
def _criteria(filters: tuple[str, ...]) -> str:
    return json.dumps({"Filters": [{"Pattern": pattern} for pattern in filters]})


def _passes_one(item: Item, filters: tuple[str, ...]) -> bool:
    record = _as_filters_see_it(item)
    return any(matches(pattern, record) for pattern in filters)


def _as_filters_see_it(item: Item) -> Mapping[str, Any]:
    record = event_record(item.row)
    added = _ADDED_TO_CHANGES if item.service == Service.DYNAMODB else _ADDED
    seen = {name: value for name, value in record.items() if name not in added}
    if item.service == Service.KINESIS:
        seen |= seen.pop("kinesis")
        seen["data"] = _parsed(base64.b64decode(seen["data"]))
    elif item.service == Service.SQS:
        seen["body"] = _parsed(item.body)
    return seen


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return data.decode("utf-8", "replace")
