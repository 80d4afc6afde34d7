"""Kinesis records as Lambda hands them to a function."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from workbench.replay.events.payload import put_back, seconds_of

ROLE = "role/replay"
"""Stands in `invokeIdentityArn` of records that were not captured from Lambda: synthetic."""


def event_record(row: Mapping[str, Any]) -> dict[str, Any]:
    """A record as Lambda delivers it; every delivery of it is the same.

    Args:
        row: of `records`.

    Returns:
        One element of `Records`; a Lambda record that was imported comes back member for member.

    Example:
        >>> envelope = '{"SequenceNumber":"7","ApproximateArrivalTimestamp":"2026-01-02T03:04:05.678Z"}'
        >>> row = {"envelope": envelope, "body": b"hi", "partition_id": "shardId-0", "sequence_number": "7",
        ...     "ordering_key": "k", "source_arn": "arn:aws:kinesis:eu-west-1:1:stream/s"}
        >>> event_record(row)["kinesis"]["approximateArrivalTimestamp"]
        1767323045.678

    Source: Lambda developer guide, "Using Lambda with Amazon Kinesis Data Streams"; Kinesis GetRecords.
    """
    envelope = json.loads(row["envelope"])
    if isinstance(envelope.get("kinesis"), dict):
        holder = envelope["kinesis"]
        return put_back(
            envelope, holder, "data", row["body"], after="sequenceNumber", base64_text=True
        )
    return _from_api(envelope, row)


def _from_api(record: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    arn = row["source_arn"].split(":")
    sequence = record.get("SequenceNumber", row["sequence_number"])
    data: dict[str, Any] = {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": record.get("PartitionKey", row["ordering_key"]),
        "sequenceNumber": sequence,
        "data": base64.b64encode(row["body"]).decode(),
        "approximateArrivalTimestamp": seconds_of(record.get("ApproximateArrivalTimestamp")),
    }
    if "EncryptionType" in record:
        data["encryptionType"] = record["EncryptionType"]
    return {
        "kinesis": data,
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{row['partition_id']}:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:{arn[1]}:iam::{arn[4]}:{ROLE}",
        "awsRegion": arn[3],
        "eventSourceARN": row["source_arn"],
    }
