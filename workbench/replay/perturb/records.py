"""Records as their source may also have handed them out: some twice, some in another order."""

import random
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby

from connectors.record import Service
from workbench.replay.engine.invocation import Item

_STREAMS = (Service.KINESIS, Service.DYNAMODB)
LATER_MOST = timedelta(minutes=5)
"""Assumed: how much later the copy of a standard queue's message comes at most; AWS says only that it may."""


def is_copy(item: Item) -> bool:
    """Whether a what-if has put the record in; a copy has the negative delivery id of what it copies.

    Example:
        >>> is_copy(copied(item))       # doctest: +SKIP
        True
    """
    return item.delivery_id < 0


def copied(item: Item, later: timedelta = timedelta()) -> Item:
    """Another delivery of the same message: its id and body, received once more."""
    return replace(
        item,
        delivery_id=-item.delivery_id,
        arrives_at=item.arrives_at + later,
        receive_count=None if item.receive_count is None else item.receive_count + 1,
    )


def with_duplicates(items: Sequence[Item], share: float, chance: random.Random) -> list[Item]:
    """Messages of a standard queue, and copies of some of them.

    Args:
        items: in the order of their arrival.
        share: of the messages that get a copy, 0 to 1.
        chance: decides which, and when: within `LATER_MOST`.

    Returns:
        All of the items in their order, the copies among them at their own instants.

    Source: SQS developer guide, "At-least-once delivery".
    """
    copies = [
        copied(item, LATER_MOST * chance.random()) for item in items if chance.random() < share
    ]
    return sorted([*items, *copies], key=lambda each: each.arrives_at)


def reordered(items: Sequence[Item], chance: random.Random, *, fifo: bool) -> list[Item]:
    """The same records at the same instants, dealt out anew.

    A standard queue promises no order at all. Of a FIFO queue each group keeps its own, and of a stream each key and
    shard: what may change is how they mix. A stream's records change places with their sequence numbers, by which
    they are read.

    Args:
        items: of one source, in the order of their arrival.
        chance: decides.
        fifo: whether the source is a FIFO queue.

    Source: SQS developer guide, "Standard queues", "FIFO queue delivery logic"; Kinesis developer guide, "Partition
    key".
    """
    if not items or items[0].service not in _STREAMS:
        return _dealt(items, _group if fifo else _nothing_in_common, chance)
    found: list[Item] = []
    by_shard = sorted(items, key=lambda each: each.partition_id)
    for _, shard in groupby(by_shard, key=lambda each: each.partition_id):
        found += _dealt(sorted(shard, key=_place), lambda each: each.ordering_key or "", chance)
    return sorted(found, key=lambda each: each.arrives_at)


def _dealt(
    items: Sequence[Item], line_of: Callable[[Item], Hashable], chance: random.Random
) -> list[Item]:
    """Take from the lines in another mix, each from its head, and give every place its old instant."""
    lines: dict[Hashable, list[Item]] = {}
    for item in items:
        lines.setdefault(line_of(item), []).append(item)
    turns = [name for name, line in lines.items() for _ in line]
    chance.shuffle(turns)
    heads = {name: iter(line) for name, line in lines.items()}
    dealt = [next(heads[name]) for name in turns]
    return [_at_place_of(place, item) for item, place in zip(dealt, items, strict=True)]


def _at_place_of(place: Item, item: Item) -> Item:
    """The record, there when the other one was; in a stream that is a matter of its sequence number."""
    if item.service not in _STREAMS or not (item.sequence_number and place.sequence_number):
        return replace(item, arrives_at=place.arrives_at)
    envelope = item.envelope.replace(item.sequence_number, place.sequence_number)
    return replace(
        item,
        arrives_at=place.arrives_at,
        sequence_number=place.sequence_number,
        envelope=envelope,
    )


def _group(item: Item) -> Hashable:
    return item.ordering_key if item.ordering_key is not None else id(item)


def _nothing_in_common(item: Item) -> Hashable:
    return id(item)


def _place(item: Item) -> int:
    return int(item.sequence_number or 0)
