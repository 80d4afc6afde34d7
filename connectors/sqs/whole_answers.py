"""Makes a client receive carefully: each receive is asked for once, and its answer is whole or an error.

SQS counts a receive and hides its messages whether or not the answer arrives. botocore asks again by itself where none
did, and says nothing of it; here whoever reads is told, and decides. A queue without messages answers `{}` to the
letter; half an answer, an empty one or a proxy's page become the same `{}` once botocore has parsed them, so the bytes
are looked at before that.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from connectors.errors import CorruptAnswerError


def careful_receives(client: Any) -> Any:
    """The client, its receives now asked for once and raising CorruptAnswerError for what is no whole answer.

    Args:
        client: SQS.

    Example:
        >>> careful_receives(access.client("sqs", Mode.TAP))
        <botocore.client.SQS object at ...>

    Source: AWS JSON 1.0 protocol; ReceiveMessage; SQS developer guide, "Avoiding inconsistent message processing".
    """
    events = client.meta.events
    events.register_first("before-parse.sqs.ReceiveMessage", _refuse_damaged, "whole-receives")
    events.register_first("needs-retry.sqs.ReceiveMessage", _never_again, "receives-once")
    return client


def _never_again(**_: Any) -> bool:
    """What botocore asks whether to send a call again."""
    return False


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
