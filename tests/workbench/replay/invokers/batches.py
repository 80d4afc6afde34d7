"""Batches of captured records, as lanes hand them to an invoker."""

from connectors.record import Record
from tests.factories import T0
from workbench.replay.engine.invocation import Batch, Item

REQUEST = "11111111-1111-4111-8111-111111111111"


def item(record: Record, deliveries: int = 0) -> Item:
    """A record on its way, delivered so many times already."""
    assert record.source_at is not None
    return Item(
        delivery_id=1,
        service=record.service,
        source_arn=record.source_arn,
        partition_id=record.partition_id,
        record_id=record.record_id,
        sequence_number=record.sequence_number,
        ordering_key=record.ordering_key,
        arrives_at=record.source_at,
        receive_count=record.receive_count,
        body=record.body,
        envelope=record.envelope,
        deliveries=deliveries,
    )


def batch_of(*records: Record, deliveries: int = 0) -> Batch:
    """Records that go together."""
    items = tuple(item(record, deliveries) for record in records)
    return Batch(items, ("{}",) * len(items), T0, "poll")


def whole(event: str) -> Batch:
    """One part that is the whole event."""
    return Batch((), (event,), T0, "poll", ("", ""))
