"""Tells a queue's empty answer from a damaged one, which botocore does not: both are `{}` to it.

A queue without messages answers `{}` to the letter; half an answer, an empty one or a proxy's page become the same
`{}` once botocore has parsed them. So the bytes are looked at before that.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from connectors.errors import CorruptAnswerError

_EVENT = "before-parse.sqs.ReceiveMessage"


def refuse_damaged_receives(client: Any) -> Any:
    """The client, its receives now raising CorruptAnswerError where the answer is no whole one.

    Args:
        client: SQS.

    Example:
        >>> refuse_damaged_receives(access.client("sqs", Mode.TAP))
        <botocore.client.SQS object at ...>

    Source: AWS JSON 1.0 protocol; ReceiveMessage.
    """
    client.meta.events.register(_EVENT, _refuse_damaged, unique_id="whole-receives")
    return client


def _refuse_damaged(response_dict: Mapping[str, Any], **_: Any) -> None:
    if response_dict["status_code"] >= 300:
        return  # an error; botocore says which
    body = response_dict["body"]
    try:
        document = orjson.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict) or set(document) - {"Messages"}:
        raise CorruptAnswerError(
            f"messages of a queue: a whole answer was wanted, found {len(body)} bytes that are "
            f"none ({bytes(body[:40])!r}); the messages in it are hidden and come again"
        )
