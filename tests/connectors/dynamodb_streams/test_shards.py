"""A listing is asked for once a second at most, all its pages, and again for proof."""

from datetime import timedelta

import pytest

from connectors.dynamodb_streams.shards import ShardListing, streams_of
from connectors.errors import CorruptAnswerError
from tests.scripted_aws.clock import VirtualClock
from tests.scripted_aws.dynamodb_streams import ScriptedTable
from tests.scripted_aws.faults import Fault, one_by_one


def listing_of(table: ScriptedTable) -> ShardListing:
    return ShardListing(table.stream.arn, table, table.clock.now)


def describes(table: ScriptedTable) -> int:
    return sum(operation == "DescribeStream" for operation, _ in table.asked)


def test_all_pages_are_read_and_serve_a_second_for_each() -> None:
    table = ScriptedTable(VirtualClock(), partitions=230)
    listing = listing_of(table)
    assert len(listing.shards()) == len(listing.shards()) == 230
    assert describes(table) == 3
    table.clock.forward(seconds=2.9)
    listing.shards()
    assert describes(table) == 3
    table.clock.forward(seconds=0.1)
    listing.shards()
    assert describes(table) == 6


def test_an_end_is_proved_by_children_before_anything_else_is_asked() -> None:
    table = ScriptedTable(VirtualClock())
    listing = listing_of(table)
    (parent,) = listing.shards()
    assert not listing.proves_end(parent.partition_id)
    table.rotate()
    before = describes(table)
    assert listing.proves_end(parent.partition_id)
    assert describes(table) == before + 1
    assert table.asked[-1][1]["ShardFilter"]["Type"] == "CHILD_SHARDS"
    assert [shard.parents for shard in listing.shards()] == [(), (parent.partition_id,)]
    assert describes(table) == before + 1, "the child is known without another listing"


def test_an_end_is_proved_by_an_ending_number_while_the_child_is_not_listed() -> None:
    table = ScriptedTable(VirtualClock(), children_shown_after=timedelta(seconds=5))
    listing = listing_of(table)
    (parent,) = listing.shards()
    table.rotate()
    assert listing.proves_end(parent.partition_id)
    assert listing.lacks_children(parent.partition_id)
    table.clock.forward(seconds=5)
    listing.shards()
    assert not listing.lacks_children(parent.partition_id)


def test_a_disabled_stream_proves_the_end_of_its_leaves() -> None:
    table = ScriptedTable(VirtualClock(), end_shown_after=timedelta(hours=1))
    listing = listing_of(table)
    (leaf,) = listing.shards()
    assert listing.may_grow(leaf.partition_id)
    table.disable()
    assert listing.proves_end(leaf.partition_id)
    assert not listing.lacks_children(leaf.partition_id)
    assert not listing.may_grow(leaf.partition_id)


def test_an_open_shard_with_a_child_does_not_grow() -> None:
    table = ScriptedTable(VirtualClock(), end_shown_after=timedelta(hours=1))
    (parent,) = listing_of(table).shards()
    table.rotate()
    listing = listing_of(table)
    assert not listing.may_grow(parent.partition_id)
    assert listing.has_children(parent.partition_id)


def test_a_listing_without_its_members_is_damage() -> None:
    table = ScriptedTable(VirtualClock())
    for damaged in ({}, {"StreamDescription": {}}, {"StreamDescription": {"Shards": "x"}}):
        table.faults = one_by_one([Fault(damaged=lambda _, damaged=damaged: damaged)])
        with pytest.raises(CorruptAnswerError):
            listing_of(table).shards()


def test_all_streams_of_a_table_are_named_over_pages() -> None:
    table = ScriptedTable(VirtualClock())
    for _ in range(2):
        table.disable()
        table.clock.forward(hours=1)
        table.enable()
    assert streams_of("orders", table) == tuple(stream.arn for stream in table.streams)
