"""Three rules between boto3 and the wire: answers are whole, throttles not hammered, lost receives not hushed up.

botocore hands out `{}` for an answer that was cut off, asks three times within a second or two where
AWS asked to slow down, and receives anew, without a word, where the answer to a receive was lost.
"""

import json
import zlib
from collections.abc import Mapping
from typing import Any

from connectors.access.failures import is_throttle
from connectors.errors import CorruptAnswerError

PACED = frozenset({"GetRecords", "GetShardIterator", "FilterLogEvents"})
"""Reads that a budget paces: after a throttle, when to ask again is its decision."""
_RECEIVE = "ReceiveMessage"
"""Has hidden messages also where its answer was lost: whoever receives must know of each that failed."""
_NOTHING_ELSE = {"ReceiveMessage": frozenset({"Messages"})}
"""Where an answer without its members is an answer too, one with others is not AWS's: `{"error": ...}` of a proxy."""
_READ_IN_FULL = frozenset({"GetRecords"})
"""Answers too large to parse twice; their members are required one by one where they are used."""


def install(core: Any) -> None:
    """Register the rules on a botocore session; every client made from it has them."""
    emitter = core.get_component("event_emitter")
    emitter.register_first("before-parse", check_whole, "whole-1")
    for operation in PACED:  # by operation: botocore asks the more specific first, us before itself
        name = f"needs-retry.*.{operation}"
        emitter.register_first(name, leave_to_the_budget, f"budget-{operation}")
    emitter.register_first(f"needs-retry.*.{_RECEIVE}", never_again, "budget-receives")


def check_whole(
    operation_model: Any = None, response_dict: Mapping[str, Any] | None = None, **_: Any
) -> None:
    """Pass, or raise CorruptAnswerError where an answer is not what AWS sent.

    A JSON answer of success must be an object, and a checksum that AWS sends must be right.

    Source: botocore.parsers; the header x-amz-crc32 of Amazon DynamoDB.
    """
    answer = response_dict or {}
    body, headers = answer.get("body", b""), answer.get("headers", {})
    said = headers.get("x-amz-crc32")
    if said is not None and "content-encoding" not in headers and str(zlib.crc32(body)) != said:
        raise _damaged(operation_model.name, f"one whose checksum is not {said}")
    if answer.get("status_code") != 200 or operation_model.name in _READ_IN_FULL:
        return
    protocol = operation_model.service_model.resolved_protocol
    if "json" in protocol and _has_members(operation_model.output_shape):
        document = _object(body)
        known = _NOTHING_ELSE.get(operation_model.name)
        if document is None or (known is not None and document.keys() - known):
            raise _damaged(operation_model.name, _shown(body))


def leave_to_the_budget(
    response: Any = None, **_: Any
) -> bool | None:  # botocore emits by these names
    """False, so that botocore does not ask again, where a read that a budget paces was throttled."""
    code = response[1].get("Error", {}).get("Code", "") if response else ""
    return False if is_throttle(code) else None


def never_again(response: Any = None, **_: Any) -> bool | None:
    """False, so that botocore does not ask again, where a receive failed in any way."""
    failed = response is None or response[0].status_code >= 300
    return False if failed else None


def _has_members(shape: Any) -> bool:
    return shape is not None and bool(shape.members)


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _shown(body: bytes) -> str:
    if not body:
        return "nothing"
    return f"{len(body)} bytes beginning {body[:40]!r}"


def _damaged(operation: str, found: str) -> CorruptAnswerError:
    return CorruptAnswerError(
        f"{operation}: a whole answer was wanted, found {found}; "
        "try again; is something between us and AWS?"
    )
