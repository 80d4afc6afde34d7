"""One stream record of a table, as boto3 gives it, made a record of ours."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.answers import compact_json, encoded, required, without
from connectors.record import OrderScope, Record, Service

_IMAGES = ("Keys", "NewImage", "OldImage")


def change_record(stream_arn: str, shard_id: str, record: Any, received_at: datetime) -> Record:
    """One change: its images are the body, in the spelling that a Lambda handler sees.

    Args:
        stream_arn: Of the stream.
        shard_id: Where it was read.
        record: An element of GetRecords' `Records`.
        received_at: When it reached us.

    Raises:
        CorruptAnswerError: It lacks what AWS always sends.

    Source: dynamodbstreams Record; Lambda's event for DynamoDB.
    """
    wanted = f"records of {shard_id} of {stream_arn}"
    told = required({"record": record}, "record", dict, wanted)
    change = required(told, "dynamodb", dict, wanted)
    created_at = change.get("ApproximateCreationDateTime")
    images = {name: change[name] for name in _IMAGES if name in change}
    return Record(
        service=Service.DYNAMODB,
        source_arn=stream_arn,
        partition_id=shard_id,
        record_id=required(told, "eventID", str, wanted),
        received_at=received_at,
        body=encoded(compact_json(images)),
        sequence_number=required(change, "SequenceNumber", str, wanted),
        ordering_key=_item_key(change.get("Keys")),
        order_scope=OrderScope.PARTITION,
        source_at=created_at.astimezone(UTC) if isinstance(created_at, datetime) else None,
        envelope=compact_json(told | {"dynamodb": without(change, *_IMAGES)}),
    )


def not_before(records: Sequence[Record], since: datetime | None) -> tuple[Record, ...]:
    """The records less those that are older for sure: the service tells whole seconds.

    Example:
        >>> not_before((), None)
        ()
    """
    if since is None:
        return tuple(records)
    whole_second = since.replace(microsecond=0)
    return tuple(r for r in records if r.source_at is None or r.source_at >= whole_second)


def _item_key(keys: Mapping[str, Any] | None) -> str | None:
    return compact_json(dict(sorted(keys.items()))) if keys else None
