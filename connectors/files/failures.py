"""Recognises what Lambda writes when it gives up, and says what failed in words of our own.

Three kinds: a stream's on-failure record (`KinesisBatchInfo`, `DDBStreamBatchInfo`; with the event in `payload` where
the destination is S3), an asynchronous invocation's destination record (`requestPayload`), and the message of a
function's dead-letter queue, which is the bare event with attributes beside it. They come as files, as messages of
queues (through a topic too) and as events of a bus.

The records inside become deliveries of their real source; what is said of the failure stands in their `attributes`
as `workbench.failure`. A record that only names a range of its stream becomes a resource of that stream, of the kind
`on-failure-record`: `shardId`, `startSequenceNumber` and `endSequenceNumber` find the records once they are captured.
"""

from collections.abc import Mapping
from typing import Any

from connectors.files.json_text import parse_json
from connectors.files.members import object_of, text_of

KIND = "on-failure-record"
_BATCHES = ("KinesisBatchInfo", "DDBStreamBatchInfo")
_RESULT = "Lambda Function Invocation Result - "
_REQUEST_ID, _ERROR_CODE, _ERROR_MESSAGE = "RequestID", "ErrorCode", "ErrorMessage"


def batch_of(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """The range of a stream that a failure record names; None where it is no such record.

    Example:
        >>> batch_of({"KinesisBatchInfo": {"shardId": "shardId-0"}})
        {'shardId': 'shardId-0'}
    """
    return next((object_of(document, name) for name in _BATCHES if name in document), None)


def failure_of(document: Mapping[str, Any], via: str) -> dict[str, Any]:
    """What a failure record says of the failure.

    Args:
        document: A stream's or an asynchronous invocation's.
        via: What brought it: `file`, or the ARN of the queue, topic or bus.

    Returns:
        `kind` (`stream`, `asynchronous`), `via`, `condition`, `function_arn`, `request_id`, `invoke_count`,
        `failed_at`, `function_error`, `error_type`, `error_message`; None for what it does not say.

    Example:
        >>> failure_of({"requestContext": {"condition": "RetriesExhausted"}}, "file")["condition"]
        'RetriesExhausted'

    Source: Lambda developer guide, "Capturing records of Lambda asynchronous invocations".
    """
    context = object_of(document, "requestContext")
    answer = object_of(document, "responsePayload")
    return {
        "kind": "asynchronous" if batch_of(document) is None else "stream",
        "via": via,
        "condition": text_of(context, "condition"),
        "function_arn": text_of(context, "functionArn"),
        "request_id": text_of(context, "requestId"),
        "invoke_count": context.get("approximateInvokeCount"),
        "failed_at": text_of(document, "timestamp"),
        "function_error": text_of(object_of(document, "responseContext"), "functionError"),
        "error_type": text_of(answer, "errorType"),
        "error_message": text_of(answer, "errorMessage"),
    }


def is_failure(document: Any) -> bool:
    """Whether a document is a failure record: of a stream, or of an asynchronous invocation that failed.

    Example:
        >>> is_failure({"requestPayload": {}}), is_failure({"Records": []})
        (True, False)
    """
    if not isinstance(document, dict):
        return False
    return batch_of(document) is not None or "requestPayload" in document


def dead_letter(text: str, attributes: Mapping[str, Any], via: str) -> dict[str, Any] | None:
    """What the attributes of a function's dead letter say of the failure; None where it is none.

    Args:
        text: The message: the bare event.
        attributes: The message's own, in Lambda's or the API's spelling.
        via: The queue or topic.

    Source: Lambda developer guide, "Dead-letter queues".
    """
    said = {name: _value(attributes.get(name)) for name in (_REQUEST_ID, _ERROR_CODE)}
    if not all(said.values()) or not text.lstrip().startswith(("{", "[")):
        return None
    return {
        **dict.fromkeys(failure_of({}, via)),
        "kind": "dead_letter",
        "via": via,
        "request_id": said[_REQUEST_ID],
        "function_error": said[_ERROR_CODE],
        "error_message": _value(attributes.get(_ERROR_MESSAGE)),
    }


def carried_by(text: str) -> dict[str, Any] | None:
    """The failure record that a message is, straight or through a topic; None where it is something else.

    Example:
        >>> carried_by('{"requestContext": {}, "requestPayload": {"a": 1}}')["requestPayload"]
        {'a': 1}
    """
    if '"requestPayload' not in text and not any(name in text for name in _BATCHES):
        return None
    document = _parsed(text)
    if isinstance(document, dict) and document.get("Type") == "Notification":
        document = _parsed(document.get("Message"))
    return document if is_failure(document) and isinstance(document, dict) else None


def wrapped_in(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """The failure record that an event of a bus carries; None for a success, and for other events.

    Example:
        >>> wrapped_in({"source": "lambda", "detail-type": "Order placed", "detail": {}}) is None
        True

    Source: Lambda developer guide, "Capturing records of asynchronous invocations".
    """
    detail = event.get("detail")
    is_result = event.get("source") == "lambda" and event.get("detail-type") == f"{_RESULT}Failure"
    return detail if is_result and isinstance(detail, dict) and is_failure(detail) else None


def _parsed(text: Any) -> Any:
    try:
        return parse_json(text.encode()) if isinstance(text, str) else None
    except ValueError:
        return None


def _value(attribute: Any) -> str | None:
    """A message attribute's text, as Lambda, SQS or SNS spells it."""
    members = ("stringValue", "StringValue", "Value")
    return next((v for name in members if (v := text_of(attribute, name)) is not None), None)
