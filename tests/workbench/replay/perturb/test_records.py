"""Records handed out otherwise: what a source promises holds in every one of its orders, and copies are only copies."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Service
from workbench.replay.engine.invocation import Item
from workbench.replay.perturb.records import (
    LATER_MOST,
    copied,
    is_copy,
    reordered,
    with_duplicates,
)

T0 = datetime(2026, 11, 20, tzinfo=UTC)
SEEDS = st.integers(0, 10_000)
KEYS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["s0", "s1"])), max_size=30)


def items(keys, service):
    return [
        Item(
            delivery_id=n,
            service=service,
            source_arn="arn:aws:x:eu-west-1:1:y",
            partition_id=shard if service == Service.KINESIS else "",
            record_id=f"id-{n}",
            sequence_number=f"{4966 * 10**20 + n}",
            ordering_key=key,
            arrives_at=T0 + timedelta(seconds=n // 3),
            receive_count=1,
            body=b"",
            envelope=f'{{"SequenceNumber":"{4966 * 10**20 + n}"}}',
        )
        for n, (key, shard) in enumerate(keys, 1)
    ]


def lines(found, *, key=lambda item: (item.partition_id, item.ordering_key)):
    by_line = {}
    for item in found:
        by_line.setdefault(key(item), []).append(item.delivery_id)
    return by_line


@settings(max_examples=50)
@given(KEYS, SEEDS)
def test_a_stream_that_is_dealt_anew_keeps_each_key_of_each_shard_in_order(keys, seed):
    before = items(keys, Service.KINESIS)

    after = reordered(before, random.Random(seed), fifo=False)

    by_number = sorted(after, key=lambda item: int(item.sequence_number))
    assert lines(by_number) == lines(before)
    assert {item.envelope for item in after} == {item.envelope for item in before}
    assert all(f'"{item.sequence_number}"' in item.envelope for item in after)
    places = {(i.partition_id, i.sequence_number, i.arrives_at) for i in before}
    assert {(i.partition_id, i.sequence_number, i.arrives_at) for i in after} == places


@settings(max_examples=50)
@given(KEYS, SEEDS)
def test_a_fifo_queue_that_is_dealt_anew_keeps_each_group_in_order(keys, seed):
    before = items(keys, Service.SQS)

    after = reordered(before, random.Random(seed), fifo=True)

    assert lines(after) == lines(before)
    assert [i.arrives_at for i in after] == [i.arrives_at for i in before]


def test_a_standard_queue_and_keys_of_a_stream_do_change_places():
    keys = [("abc"[n % 3], "s0") for n in range(12)]
    for service in (Service.SQS, Service.KINESIS):
        before = items(keys, service)
        after = reordered(before, random.Random(1), fifo=False)
        assert [i.delivery_id for i in after] != [i.delivery_id for i in before]
    same_key = items([("a", "s0")] * 9, Service.SQS)
    dealt = reordered(same_key, random.Random(1), fifo=False)
    assert [i.delivery_id for i in dealt] != [i.delivery_id for i in same_key]


@settings(max_examples=50)
@given(KEYS, SEEDS, st.floats(0, 1))
def test_duplicates_add_only_copies_that_come_later(keys, seed, share):
    before = items(keys, Service.SQS)
    by_id = {item.delivery_id: item for item in before}

    after = with_duplicates(before, share, random.Random(seed))

    assert [item for item in after if not is_copy(item)] == before
    assert [i.arrives_at for i in after] == sorted(i.arrives_at for i in after)
    for copy in filter(is_copy, after):
        original = by_id[-copy.delivery_id]
        assert timedelta() <= copy.arrives_at - original.arrives_at <= LATER_MOST
        again = replace(copied(original), arrives_at=copy.arrives_at)
        assert dict(again.row) == dict(copy.row)
    assert max(Counter(i.delivery_id for i in after).values(), default=1) == 1


@pytest.mark.parametrize(("share", "copies"), [(0.0, 0), (1.0, 10)])
def test_the_share_says_how_many_get_a_copy(share, copies):
    before = items([("a", "s0")] * 10, Service.SQS)
    assert len(with_duplicates(before, share, random.Random(0))) == 10 + copies
