"""DynamoDB changes as Lambda hands them to a function."""

import json
from collections.abc import Mapping
from typing import Any

from workbench.replay.events.payload import seconds_of

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
        One element of `Records`; of an imported Lambda record the order of members within `dynamodb` is Lambda's own,
        all else as it was.

    Example:
        >>> envelope = '{"eventID":"1","awsRegion":"eu-west-1","dynamodb":{"SequenceNumber":"7"}}'
        >>> row = {"envelope": envelope, "body": b'{"Keys":{"id":{"S":"a"}}}', "source_arn": "arn:x"}
        >>> event_record(row)["dynamodb"]
        {'Keys': {'id': {'S': 'a'}}, 'SequenceNumber': '7'}

    Source: Lambda developer guide, "Using Lambda with DynamoDB"; DynamoDB Streams GetRecords.
    """
    record = json.loads(row["envelope"])
    change = {**record.get("dynamodb", {}), **json.loads(row["body"])}
    if "ApproximateCreationDateTime" in change:
        created = change["ApproximateCreationDateTime"]
        change["ApproximateCreationDateTime"] = seconds_of(created)
    names = (*(name for name in _ORDER if name in change), *change)
    record["dynamodb"] = {name: change[name] for name in names}
    if isinstance(record.get("userIdentity"), dict):
        who = record["userIdentity"].items()
        record["userIdentity"] = {name[:1].lower() + name[1:]: value for name, value in who}
    record.setdefault("eventSourceARN", row["source_arn"])
    return dict(record)
