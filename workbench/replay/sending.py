"""Sending a captured record by hand: AWS commands that a person may run, and that are never run here."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from connectors.record import Service
from workbench.replay.engine.invocation import Item
from workbench.replay.events import event_record

QUEUE_URL, STREAM_NAME = "$QUEUE_URL", "$STREAM_NAME"
_ARGUMENT_CHARACTERS_MOST = 2_000
"""A longer body goes into a file, where one can look at it."""
_ATTRIBUTE_MEMBERS = {
    "dataType": "DataType",
    "stringValue": "StringValue",
    "binaryValue": "BinaryValue",
}


@dataclass(frozen=True, slots=True)
class Sending:
    """A command, and the files that it names."""

    command: str
    files: Mapping[str, bytes] = field(default_factory=dict)


def sending(item: Item, name: str) -> Sending:
    """The AWS command that sends a record once more.

    Args:
        item: the record.
        name: what its files begin with.

    Returns:
        For the CLI of either version; queue and stream are variables of the shell that the person sets. A change of a
        table cannot be sent, and what says so is a comment.

    Source: AWS CLI user guide, "Loading parameters from a file"; SQS SendMessage, Kinesis PutRecord.
    """
    match item.service:
        case Service.SQS:
            return _message(item, name)
        case Service.KINESIS:
            key = shlex.quote(item.ordering_key or "")
            data = f"--data fileb://{name}.bin"
            command = (
                f'aws kinesis put-record --stream-name "{STREAM_NAME}" --partition-key {key} {data}'
            )
            return Sending(command, {f"{name}.bin": item.body})
    return Sending(
        f"# {_plain(item.record_id)}: records of {item.service} cannot be sent by a command"
    )


def _message(item: Item, name: str) -> Sending:
    files: dict[str, bytes] = {}
    words = ["aws", "sqs", "send-message"]
    body = _text(item.body)
    if body is None:
        files[f"{name}.txt"] = item.body
        words += ["--message-body", f"file://{name}.txt"]
    else:
        words += ["--message-body", body]
    record = event_record(item.row)
    if attributes := record.get("messageAttributes"):
        files[f"{name}.attributes.json"] = orjson.dumps(
            {key: _attribute(value) for key, value in attributes.items()}
        )
        words += ["--message-attributes", f"file://{name}.attributes.json"]
    system = record.get("attributes", {})
    if group := system.get("MessageGroupId"):
        words += ["--message-group-id", group]
    if system.get("MessageDeduplicationId"):
        # Its own would be taken for the message that it is a copy of, for five minutes.
        words += ["--message-deduplication-id", f"again-{item.record_id}"]
    return Sending(f'{shlex.join(words)} --queue-url "{QUEUE_URL}"', files)


def _text(body: bytes) -> str | None:
    """The body as an argument; None where the CLI would read it otherwise, or a terminal would suffer."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    is_plain = text.isprintable() and len(text) <= _ARGUMENT_CHARACTERS_MOST
    # The CLI takes these for the name of a place where the value is, and a dash for an option.
    is_name = text.startswith(("file://", "fileb://", "http://", "https://", "-"))
    return text if text and is_plain and not is_name else None


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    return {_ATTRIBUTE_MEMBERS[name]: value[name] for name in _ATTRIBUTE_MEMBERS if name in value}


def _plain(text: str) -> str:
    return text if text.isprintable() else repr(text)
