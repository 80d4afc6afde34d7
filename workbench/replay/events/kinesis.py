"""Kinesis records as Lambda hands them to a function."""

from binascii import b2a_base64
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from workbench.replay.events.payload import answered, parsed, put_back, region_of, seconds_of

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
    envelope = answered(row["envelope"])
    if isinstance(envelope.get("kinesis"), dict):
        envelope = parsed(row["envelope"])
        return put_back(envelope, envelope["kinesis"], "data", row["body"], spelled="base64")
    return _from_api(envelope, row)


def made_up(row: Mapping[str, Any], envelope: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Where the members of a record come from that GetRecords does not give; see `provenance.py`.

    Returns:
        By path within the record: mark and origin; what is not named was observed.
    """
    if isinstance(envelope.get("kinesis"), dict):
        return {}
    arrived = envelope.get("ApproximateArrivalTimestamp")
    always = ("derived", "Lambda writes it into every Kinesis record")
    said = {
        "kinesis.kinesisSchemaVersion": always,
        "eventSource": ("derived", "service"),
        "eventVersion": always,
        "eventID": ("derived", "partition_id, sequence_number"),
        "eventName": always,
        "invokeIdentityArn": ("synthetic", "the mapping's role is not captured"),
        "awsRegion": ("derived", "source_arn"),
        "eventSourceARN": ("derived", "source_arn"),
    }
    if arrived is None:
        said["kinesis.approximateArrivalTimestamp"] = ("synthetic", "none was captured")
    elif isinstance(arrived, str):
        said["kinesis.approximateArrivalTimestamp"] = (
            "derived",
            "envelope.ApproximateArrivalTimestamp",
        )
    return said


def _from_api(record: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    sequence = record.get("SequenceNumber", row["sequence_number"])
    data: dict[str, Any] = {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": record.get("PartitionKey", row["ordering_key"]),
        "sequenceNumber": sequence,
        "data": b2a_base64(row["body"], newline=False).decode(),
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
        "invokeIdentityArn": _role_arn(row["source_arn"]),
        "awsRegion": region_of(row["source_arn"]),
        "eventSourceARN": row["source_arn"],
    }


@lru_cache(maxsize=256)
def _role_arn(stream_arn: str) -> str:
    _, partition, _, _, account, *_ = (*stream_arn.split(":", 5), *[""] * 5)
    return f"arn:{partition}:iam::{account}:{ROLE}"
