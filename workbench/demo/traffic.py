"""The traffic of an order system, with faults planted where the labels say; pure, the same for the same seed."""

import json
from dataclasses import dataclass
from random import Random

PLACED = 60
"""Orders that the topic tells of."""
FOLLOWED = 240
"""Orders whose life the stream tells."""
CUSTOMERS = 80
HOT_CUSTOMER = "customer-07"
HOT_SHARE = 0.4
STATUSES = ("placed", "paid", "packed", "shipped")
KEY, SEQUENCE = "$.order_id", "$.version"
TOPIC, AUDIT, DLQ, STREAM = (
    "sns:orders",
    "sqs:orders-audit",
    "sqs:orders-dlq",
    "kinesis:order-events",
)

Event = tuple[str, str]
"""Partition key and JSON of a stream record."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One fault, and what a finding of it is about."""

    kind: str
    source: str
    subject: str
    """Order id, or the partition key of a hot key."""
    what: str


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the producers send, in order."""

    placements: tuple[str, ...]
    """Messages for the topic, JSON."""
    events: tuple[Event, ...]
    """Records for the stream."""
    planted: tuple[Planted, ...]


def make_traffic(seed: int) -> Traffic:
    """The traffic of `seed`.

    Example:
        >>> sorted({fault.kind for fault in make_traffic(7).planted})
        ['hot_key', 'inversion', 'producer_resend', 'producer_retry', 'redelivery', 'sequence_gap']
    """
    random = Random(seed)
    placements, of_topic = _placements(random)
    events, of_stream = _events(random)
    return Traffic(placements, events, (*of_topic, *of_stream))


def _placements(random: Random) -> tuple[tuple[str, ...], tuple[Planted, ...]]:
    """Orders placed; two are sent again a little later, one has a total that the handler cannot read."""
    orders = [f"order-{number:04d}" for number in range(1, PLACED + 1)]
    first, second, poison = random.sample(orders[5:-5], 3)
    texts = {order: _placement(random, order, comma=order == poison) for order in orders}
    sent = list(texts.values())
    for order in (first, second):
        sent.insert(sent.index(texts[order]) + 4, texts[order])
    planted = [
        Planted("producer_resend", source, order, "placed twice by a client that timed out")
        for order in (first, second)
        for source in (TOPIC, AUDIT)
    ]
    planted += [
        Planted(
            "redelivery", DLQ, poison, "poison: fails every attempt, ends in the dead-letter queue"
        ),
        Planted("dead_letter_cause", DLQ, poison, "no line names it, so the cause is unknown"),
    ]
    return tuple(sent), tuple(planted)


def _placement(random: Random, order: str, *, comma: bool) -> str:
    total = f"{random.uniform(5, 200):.2f}"
    shown = total.replace(".", ",") if comma else total
    return json.dumps(
        {"order_id": order, "customer": _customer(random), "total": shown, "currency": "EUR"}
    )


def _events(random: Random) -> tuple[tuple[Event, ...], tuple[Planted, ...]]:
    """The orders' lives interleaved; one version never sent, one pair swapped, one record put twice, one key hot."""
    orders = [f"order-{number:04d}" for number in range(1, FOLLOWED + 1)]
    customers = {order: _customer(random, HOT_SHARE) for order in orders}
    ordinary = [order for order in orders if customers[order] != HOT_CUSTOMER]
    gapped, swapped, retried = random.sample(ordinary, 3)
    lives = {order: [1, 2, 3, 4] for order in orders}
    lives[gapped] = [1, 2, 4]
    lives[swapped] = [1, 3, 2, 4]
    lives[retried] = [1, 2, 2, 3, 4]
    events = [
        (customers[order], _event(order, customers[order], version))
        for order, version in _interleaved(random, lives)
    ]
    planted = (
        Planted("sequence_gap", STREAM, gapped, "version 3 was never sent"),
        Planted("inversion", STREAM, swapped, "version 3 sent before version 2"),
        Planted("producer_retry", STREAM, retried, "version 2 put twice after a lost answer"),
        Planted(
            "hot_key", STREAM, HOT_CUSTOMER, f"{HOT_SHARE:.0%} of the orders are one customer's"
        ),
    )
    return tuple(events), planted


def _interleaved(random: Random, lives: dict[str, list[int]]) -> list[tuple[str, int]]:
    """All orders' versions in one line, each order's own in the order of its life."""
    line = [order for order, versions in lives.items() for _ in versions]
    random.shuffle(line)
    left = {order: iter(versions) for order, versions in lives.items()}
    return [(order, next(left[order])) for order in line]


def _customer(random: Random, hot_share: float = 0.0) -> str:
    if random.random() < hot_share:
        return HOT_CUSTOMER
    return f"customer-{random.randrange(10, 10 + CUSTOMERS)}"


def _event(order: str, customer: str, version: int) -> str:
    return json.dumps(
        {
            "order_id": order,
            "version": version,
            "status": STATUSES[version - 1],
            "customer": customer,
        }
    )
