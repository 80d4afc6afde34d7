"""The smallest answer that an SDK takes for success, made from the output's shape; nothing is kept behind it."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.model import Shape, StructureShape

from workbench.replay.effects.call import Answer, Call

ACCOUNT = "000000000000"
READ_NOTE = "nothing is kept, so a read finds nothing"
_READS = (
    "Get",
    "List",
    "Describe",
    "Query",
    "Scan",
    "BatchGet",
    "Head",
    "Receive",
    "Select",
    "Search",
)
_DEPTH_MOST = 6
_ID = re.compile(r"(message|query|command|job|execution|statement)Id", re.IGNORECASE)
"""What handlers read of an answer though its model does not require it."""
_INSTANT = datetime(2020, 1, 1, tzinfo=UTC)
"""Assumed: answers carry an instant that never changes, so that a repeated replay meets the same."""
_TRANSPORTS = {"Binary": 2}


def minimal(call: Call) -> Answer | None:
    """Success with what the operation's answer must have, ids included; None where it is not AWS's."""
    if call.model is None:
        return None
    shape = call.model.output_shape
    members = _structure(call, shape, 0) if shape else {}
    special = _SPECIAL.get((call.service, call.operation))
    note = READ_NOTE if call.operation.startswith(_READS) else None
    return Answer(means="minimal", members=members | (special(call) if special else {}), note=note)


def _structure(call: Call, shape: StructureShape, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        echoed = call.parameters.get(name)
        if depth == 0 and isinstance(echoed, str) and member.type_name == "string":
            found[name] = echoed
        elif name in shape.required_members or (depth == 0 and _is_id(name, member)):
            found[name] = _value(call, member, name, depth + 1)
    return found


def _is_id(name: str, shape: Shape) -> bool:
    return bool(shape.type_name == "string" and _ID.fullmatch(name))


def _value(call: Call, shape: Shape, name: str, depth: int) -> Any:
    match shape.type_name:
        case "structure":
            return _structure(call, shape, depth) if depth < _DEPTH_MOST else {}
        case "list":
            return []
        case "map":
            return {}
        case "string":
            return _text(call, shape, name)
        case "timestamp":
            return _INSTANT
        case "blob":
            return b""
        case "boolean":
            return False
        case _:
            return 0


def _text(call: Call, shape: Shape, name: str) -> str:
    if shape.enum:
        return str(shape.enum[0])
    if name.lower().endswith("arn"):
        signing = call.model.service_model.signing_name if call.model else call.service
        return f"arn:aws:{signing}:{call.region or 'us-east-1'}:{ACCOUNT}:{call.new_id(name)}"
    return call.new_id(name)


# --- What some SDKs check, or what answers entry by entry -------------------------------------------------


def _digest(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def attributes_digest(attributes: Mapping[str, Mapping[str, Any]]) -> str:
    """MD5OfMessageAttributes.

    Source: SQS developer guide, "Calculating the MD5 message digest for message attributes".
    """
    data = bytearray()
    for name in sorted(attributes):
        value = attributes[name]
        kind = str(value["DataType"])
        transport = _TRANSPORTS.get(kind.partition(".")[0], 1)
        content = value["BinaryValue"] if transport == 2 else value["StringValue"].encode()
        for part in (name.encode(), kind.encode()):
            data += len(part).to_bytes(4, "big") + part
        data += bytes([transport]) + len(content).to_bytes(4, "big") + content
    return _digest(bytes(data))


def _sent(call: Call, entry: Mapping[str, Any], part: object) -> dict[str, Any]:
    found = {
        "MessageId": call.new_id(part),
        "MD5OfMessageBody": _digest(str(entry.get("MessageBody", "")).encode()),
    }
    for given, digest in (
        ("MessageAttributes", "MD5OfMessageAttributes"),
        ("MessageSystemAttributes", "MD5OfMessageSystemAttributes"),
    ):
        if entry.get(given):
            found[digest] = attributes_digest(entry[given])
    fifo = str(call.parameters.get("QueueUrl", "")).endswith(".fifo")
    return found | ({"SequenceNumber": sequence_number(call, part)} if fifo else {})


def sequence_number(call: Call, part: object = "") -> str:
    """Twenty digits, as SQS and SNS have them."""
    return f"{int(call.new_id(part)[:8], 16) + 10**19}"


def _entries(call: Call, key: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    return enumerate(call.parameters.get(key, ()))


def _send_batch(call: Call) -> dict[str, Any]:
    entries = _entries(call, "Entries")
    sent = [{"Id": each["Id"], **_sent(call, each, number)} for number, each in entries]
    return {"Successful": sent, "Failed": []}


def _ids_batch(call: Call) -> dict[str, Any]:
    return {
        "Successful": [{"Id": each["Id"]} for _, each in _entries(call, "Entries")],
        "Failed": [],
    }


def _publish_batch(call: Call) -> dict[str, Any]:
    entries = _entries(call, "PublishBatchRequestEntries")
    sent = [{"Id": each["Id"], "MessageId": call.new_id(number)} for number, each in entries]
    return {"Successful": sent, "Failed": []}


def _kinesis_record(call: Call, part: object = "") -> dict[str, Any]:
    number = str(49 * 10**54 + int(call.new_id(part).replace("-", ""), 16))
    return {"ShardId": "shardId-000000000000", "SequenceNumber": number}


def _put_records(call: Call) -> dict[str, Any]:
    records = [_kinesis_record(call, number) for number, _ in _entries(call, "Records")]
    return {"FailedRecordCount": 0, "Records": records}


def _firehose_batch(call: Call) -> dict[str, Any]:
    records = [{"RecordId": call.new_id(number)} for number, _ in _entries(call, "Records")]
    return {"FailedPutCount": 0, "RequestResponses": records}


def _put_events(call: Call) -> dict[str, Any]:
    entries = [{"EventId": call.new_id(number)} for number, _ in _entries(call, "Entries")]
    return {"FailedEntryCount": 0, "Entries": entries}


def _queue_url(call: Call) -> dict[str, Any]:
    name = call.parameters.get("QueueName", "")
    return {"QueueUrl": f"https://sqs.{call.region or 'us-east-1'}.amazonaws.com/{ACCOUNT}/{name}"}


def _etag(call: Call) -> dict[str, Any]:
    body = call.parameters.get("Body", b"")
    return {"ETag": f'"{_digest(body if isinstance(body, bytes) else str(body).encode())}"'}


def _lambda_invoked(call: Call) -> dict[str, Any]:
    kind = call.parameters.get("InvocationType", "RequestResponse")
    status = {"Event": 202, "DryRun": 204}.get(str(kind), 200)
    return {"StatusCode": status, "Payload": b"null" if status == 200 else b""}


def _caller(call: Call) -> dict[str, Any]:
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/replay/replay"
    return {"Account": ACCOUNT, "Arn": arn, "UserId": "AROAREPLAY:replay"}


def _found_nothing(call: Call) -> dict[str, Any]:
    return {"Items": [], "Count": 0, "ScannedCount": 0}


def _table_items(call: Call) -> dict[str, Any]:
    tables: Sequence[str] = list(call.parameters.get("RequestItems", ()))
    return {"Responses": {table: [] for table in tables}, "UnprocessedKeys": {}}


_SPECIAL: Mapping[tuple[str, str], Callable[[Call], dict[str, Any]]] = {
    ("sqs", "SendMessage"): lambda call: _sent(call, call.parameters, ""),
    ("sqs", "SendMessageBatch"): _send_batch,
    ("sqs", "DeleteMessageBatch"): _ids_batch,
    ("sqs", "ChangeMessageVisibilityBatch"): _ids_batch,
    ("sqs", "GetQueueUrl"): _queue_url,
    ("sqs", "CreateQueue"): _queue_url,
    ("sns", "PublishBatch"): _publish_batch,
    ("kinesis", "PutRecord"): _kinesis_record,
    ("kinesis", "PutRecords"): _put_records,
    ("firehose", "PutRecordBatch"): _firehose_batch,
    ("events", "PutEvents"): _put_events,
    ("s3", "PutObject"): _etag,
    ("s3", "UploadPart"): _etag,
    ("lambda", "Invoke"): _lambda_invoked,
    ("sts", "GetCallerIdentity"): _caller,
    ("dynamodb", "Query"): _found_nothing,
    ("dynamodb", "Scan"): _found_nothing,
    ("dynamodb", "BatchGetItem"): _table_items,
    ("dynamodb", "BatchWriteItem"): lambda call: {"UnprocessedItems": {}},
}
