"""Traffic for benchmarks: pages of a stream of order events, about 700 bytes each, the same in every run."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.record import Checkpoint, Page, Record, Span

STREAM = "arn:aws:kinesis:us-east-1:111111111111:stream/orders"
SHARD = "shardId-000000000000"
T0 = datetime(2026, 11, 20, 10, tzinfo=UTC)
ROWS_A_PAGE = 1_000
KEYS = 20_000


def pages(count: int) -> Iterator[tuple[str, Page]]:
    """So many pages of 1,000 records, as a connector would give them."""
    chance = random.Random(20)
    for number in range(count):
        first = number * ROWS_A_PAGE
        records = tuple(record(n, chance) for n in range(first, first + ROWS_A_PAGE))
        span = Span(T0, records[-1].source_at or T0)
        yield STREAM, Page(records, Checkpoint(SHARD, records[-1].sequence_number or ""), (span,))


def record(number: int, chance: random.Random) -> Record:
    """One order event; one in a hundred repeats the sequence number of its forerunner."""
    key = f"order-{chance.randrange(KEYS):06d}"
    sequence = f"49{number - (number % 100 == 99):054d}"
    at = T0 + timedelta(milliseconds=2 * number)
    return Record(
        service="aws:kinesis",
        source_arn=STREAM,
        partition_id=SHARD,
        record_id=f"{SHARD}:{sequence}",
        sequence_number=sequence,
        ordering_key=key,
        order_scope="partition",
        source_at=at,
        received_at=at + timedelta(milliseconds=300),
        body=json.dumps(order(key, number, chance)).encode(),
        envelope=json.dumps(
            {
                "SequenceNumber": sequence,
                "ApproximateArrivalTimestamp": at.isoformat(),
                "PartitionKey": key,
            }
        ),
    )


def order(key: str, version: int, chance: random.Random) -> dict[str, Any]:
    """What a shop would say about an order."""
    street = f"{chance.randrange(1, 400)} {chance.choice(('Long', 'Mill', 'Station'))} Road"
    return {
        "order_id": key,
        "version": version,
        "status": chance.choice(("placed", "paid", "packed", "shipped")),
        "customer": {
            "id": f"{chance.getrandbits(64):016x}",
            "email": f"{chance.getrandbits(32):08x}@example.com",
            "address": {"street": street, "city": "Springfield", "zip": chance.randrange(99_999)},
        },
        "items": [
            {
                "sku": f"{chance.getrandbits(40):010x}",
                "title": chance.choice(("Kettle", "Teapot", "Cup and saucer", "Sugar bowl")),
                "quantity": chance.randrange(1, 5),
                "price": chance.randrange(10_000) / 100,
            }
            for _ in range(4)
        ],
        "note": "Please leave the parcel with the neighbour at number four.",
    }
