"""DynamoDB changes as Lambda hands them to a function."""

from collections.abc import Mapping
from typing import Any

from connectors.files.members import BODY_AT
from workbench.replay.events.payload import (
    NOTES,
    answered,
    insert,
    parsed,
    payload_json,
    payload_text,
    seconds_of,
)

_ORDER = (
    "ApproximateCreationDateTime",
    "Keys",
    "NewImage",
    "OldImage",
    "SequenceNumber",
    "SizeBytes",
    "StreamViewType",
)


def event_record(row: Mapping[str, Any]) -> dict[str, Any]:
    """A change as Lambda delivers it; every delivery of it is the same.

    Args:
        row: of `records`.

    Returns:
        One element of `Records`; a Lambda record that was imported comes back member for member.

    Example:
        >>> envelope = '{"eventID":"1","awsRegion":"eu-west-1","dynamodb":{"SequenceNumber":"7"}}'
        >>> row = {"envelope": envelope, "body": b'{"Keys":{"id":{"S":"a"}}}', "source_arn": "arn:x"}
        >>> event_record(row)["dynamodb"]
        {'Keys': {'id': {'S': 'a'}}, 'SequenceNumber': '7'}

    Source: Lambda developer guide, "Using Lambda with DynamoDB"; DynamoDB Streams GetRecords.
    """
    record = answered(row["envelope"])
    if is_lambdas(record):
        return _as_it_was(parsed(row["envelope"]), payload_json(row["body"]))
    for note in NOTES:
        record.pop(note, None)
    change = {**record.get("dynamodb", {}), **answered(payload_text(row["body"]))}
    if "ApproximateCreationDateTime" in change:
        created = change["ApproximateCreationDateTime"]
        change["ApproximateCreationDateTime"] = seconds_of(created)
    ordered = {name: change[name] for name in _ORDER if name in change}
    record["dynamodb"] = ordered if len(ordered) == len(change) else {**ordered, **change}
    if isinstance(record.get("userIdentity"), dict):
        who = record["userIdentity"].items()
        record["userIdentity"] = {name[:1].lower() + name[1:]: value for name, value in who}
    record["eventSourceARN"] = row["source_arn"]
    return dict(record)


def is_lambdas(envelope: Mapping[str, Any]) -> bool:
    """Whether Lambda spelled the record, not GetRecords, which does not name the stream.

    Example:
        >>> is_lambdas({"eventID": "1", "eventSourceARN": "arn:x"}), is_lambdas({"eventID": "1"})
        (True, False)
    """
    return "eventSourceARN" in envelope


def made_up(row: Mapping[str, Any], envelope: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Where the members of a record come from that GetRecords does not give; see `provenance.py`.

    Returns:
        By path within the record: mark and origin; what is not named was observed.
    """
    if is_lambdas(envelope):
        return {}
    said = {"eventSourceARN": ("derived", "source_arn")}
    if isinstance(envelope.get("dynamodb", {}).get("ApproximateCreationDateTime"), str):
        origin = "envelope.dynamodb.ApproximateCreationDateTime"
        said["dynamodb.ApproximateCreationDateTime"] = ("derived", origin)
    return said


def _as_it_was(record: dict[str, Any], images: dict[str, Any]) -> dict[str, Any]:
    """Keys and images at their places among the change's other members."""
    change = record["dynamodb"]
    first = 1 if next(iter(change), None) == "ApproximateCreationDateTime" else 0
    usual = list(range(first, first + len(images)))
    noted = record.get(BODY_AT)
    places = noted if isinstance(noted, list) and len(noted) == len(images) else usual
    for place, (name, image) in sorted(zip(places, images.items(), strict=True)):
        insert(change, place, name, image)
    for note in NOTES:
        record.pop(note, None)
    return record
