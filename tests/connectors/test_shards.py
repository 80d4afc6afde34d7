"""Laws of lineage and hash ranges."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import CorruptAnswerError
from connectors.record import Partition
from connectors.shards import HASH_KEY_MAX, in_lineage_order, leaves, uncovered_hash_ranges


@st.composite
def lineages(draw: st.DrawFn) -> list[Partition]:
    """Shards whose parents are any earlier ones, in any order of listing."""
    count = draw(st.integers(0, 12))
    shards = []
    for n in range(count):
        parents = draw(st.sets(st.integers(0, max(0, n - 1)), max_size=2)) if n else set()
        shards.append(Partition(f"s{n}", tuple(f"s{p}" for p in parents)))
    return draw(st.permutations(shards))


@given(lineages())
def test_every_shard_stands_after_its_parents(shards: list[Partition]) -> None:
    ordered = in_lineage_order(shards)
    place = {shard.partition_id: n for n, shard in enumerate(ordered)}
    assert sorted(ordered, key=lambda s: s.partition_id) == sorted(
        shards, key=lambda s: s.partition_id
    )
    for shard in ordered:
        assert all(place[parent] < place[shard.partition_id] for parent in shard.parents)


def test_a_parent_that_is_not_listed_any_more_counts_as_read() -> None:
    assert in_lineage_order([Partition("b", ("gone",))]) == (Partition("b", ("gone",)),)


def test_a_circle_of_parents_is_a_damaged_answer() -> None:
    with pytest.raises(CorruptAnswerError, match="circle"):
        in_lineage_order([Partition("a", ("b",)), Partition("b", ("a",))])


@given(st.lists(st.integers(1, HASH_KEY_MAX), unique=True, max_size=8), st.data())
def test_what_is_uncovered_is_exactly_the_shards_left_out(
    cuts: list[int], data: st.DataObject
) -> None:
    borders = [0, *sorted(cuts), HASH_KEY_MAX + 1]
    tiles = [
        Partition(f"s{n}", (), str(low), str(high - 1))
        for n, (low, high) in enumerate(pairwise(borders))
    ]
    kept = data.draw(st.lists(st.sampled_from(tiles), unique=True))
    left_out = sum(
        int(t.ending_hash_key or 0) - int(t.starting_hash_key or 0) + 1
        for t in tiles
        if t not in kept
    )
    uncovered = uncovered_hash_ranges(kept)
    assert sum(high - low + 1 for low, high in uncovered) == left_out
    assert (uncovered == ()) == (len(kept) == len(tiles))


def test_a_closed_parent_does_not_hide_a_missing_child() -> None:
    half = 2**127
    shards = [
        Partition("parent", (), "0", str(HASH_KEY_MAX)),
        Partition("left", ("parent",), "0", str(half - 1)),
    ]
    assert leaves(shards) == (shards[1],)
    assert uncovered_hash_ranges(shards) == ((half, HASH_KEY_MAX),)
