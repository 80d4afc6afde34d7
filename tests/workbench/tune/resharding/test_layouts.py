"""Layouts against a recount in plain Python and against every other cut."""

from bisect import bisect_right

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workbench.tune.resharding.loads import (
    fewest,
    holds,
    hot_keys,
    load_of,
    md5,
    over,
    over_sliding,
)
from workbench.tune.resharding.hash_keys import (
    even_shard_numbers,
    even_starts,
    hash_key,
    limbs_of,
    shard_numbers,
)
from workbench.tune.resharding.layouts import (
    ShardSeconds,
    fewest_even,
    fewest_ranges,
    hot_places,
    over_limit_sliding,
    runs_to_cut,
)

SPACE = 2**128
KIB = 1_024

puts = st.lists(
    st.tuples(
        st.sampled_from("abcdefg"),
        st.one_of(st.integers(0, 3_999_999), st.integers(0, 39).map(lambda tenth: tenth * 100_000)),
        st.one_of(st.integers(0, 600 * KIB), st.integers(1_000 * KIB, 1_100 * KIB)),
    ),
    min_size=1,
    max_size=25,
)
starts = st.lists(st.integers(1, SPACE - 1), max_size=6, unique=True).map(
    lambda cuts: [0, *sorted(cuts)]
)


def planned(load, there=()):
    return fewest_ranges(runs_to_cut(load.seconds, len(load.hash_keys)), load.hash_keys, there)


@given(puts)
def test_no_second_of_the_plan_is_over_the_limit_but_a_hot_keys_own(traffic):
    assert holds(traffic, planned(load_of(traffic)))


def test_a_second_that_is_exactly_at_a_limit_needs_no_cut():
    exactly = [(key, 0, 512 * KIB) for key in "ab"]
    assert planned(load_of(exactly)) == (0,)
    assert len(planned(load_of([*exactly, ("a", 1, 1)]))) == 2


@given(puts)
def test_no_other_cut_needs_fewer_ranges(traffic):
    assert len(planned(load_of(traffic))) == fewest(traffic)


@given(puts)
def test_ranges_begin_at_zero_and_ascend(traffic):
    ranges = planned(load_of(traffic))
    assert ranges[0] == 0
    assert list(ranges) == sorted(set(ranges))
    assert ranges[-1] < SPACE


@given(puts, starts)
def test_a_boundary_that_is_there_is_kept_and_costs_no_range(traffic, there):
    load = load_of(traffic)
    kept = planned(load, there)
    assert holds(traffic, kept)
    assert len(kept) == len(planned(load))
    assert planned(load, kept) == kept


def test_a_boundary_between_the_same_two_keys_is_kept():
    traffic = [("a", 0, 700 * KIB), ("b", 0, 700 * KIB)]
    low, high = sorted((md5("a"), md5("b")))
    assert planned(load_of(traffic), [0, low + 1, high - 1]) == (0, low + 1)
    assert planned(load_of(traffic), [0, low, high + 1]) == (0, high)


@given(puts)
def test_hot_keys_are_those_over_a_limit_alone(traffic):
    load = load_of(traffic)
    assert {load.partition_keys[place] for place in hot_places(load.seconds)} == hot_keys(traffic)


@given(puts, starts)
def test_seconds_over_the_limit_are_counted_as_by_hand(traffic, layout):
    assert ShardSeconds.of(load_of(traffic), layout).over() == len(over(traffic, layout))


@given(puts, starts)
def test_sliding_seconds_are_counted_as_by_hand_and_include_wall_clock_ones(traffic, layout):
    sliding = over_limit_sliding(load_of(traffic), layout)
    assert sliding == len(over_sliding(traffic, layout))
    assert sliding >= len(over(traffic, layout))


@settings(deadline=None)
@given(puts)
def test_even_shards_are_the_smallest_count_that_holds_and_no_fewer_than_planned(traffic):
    load = load_of(traffic)
    runs = runs_to_cut(load.seconds, len(load.hash_keys))
    found = fewest_even(runs, load.limbs, 1, 40)
    by_hand = (count for count in range(1, 41) if holds(traffic, even_starts(count)))
    assert found == next(by_hand, None)
    assert found is None or found >= len(planned(load))


def test_the_records_limit_counts_as_well_as_the_bytes_limit():
    traffic = [("a", at, 1) for at in range(1_000)]
    assert len(planned(load_of([*traffic, ("b", 0, 1)]))) == 2
    assert len(planned(load_of([*traffic, ("b", 1_000_000, 1)]))) == 1
    assert not hot_places(load_of(traffic).seconds).size
    assert hot_places(load_of([*traffic, ("a", 5, 1)]).seconds).size == 1


@given(st.lists(st.integers(0, SPACE - 1), min_size=1, max_size=20), st.integers(1, 20_000))
def test_a_hash_key_falls_in_the_even_shard_that_begins_before_it(hashes, count):
    hashes.sort()
    by_hand = [bisect_right(even_starts(count), each) - 1 for each in hashes]
    numbers = even_shard_numbers(limbs_of([each.to_bytes(16) for each in hashes]), count)
    assert numbers.tolist() == by_hand
    assert shard_numbers(hashes, even_starts(count)).tolist() == by_hand


@given(st.integers(2, 20_000), st.data())
def test_the_borders_of_even_shards_are_exact(count, data):
    number = data.draw(st.integers(1, count - 1))
    start = number * SPACE // count
    limbs = limbs_of([each.to_bytes(16) for each in (start - 1, start)])
    assert even_shard_numbers(limbs, count).tolist() == [number - 1, number]


def test_a_hash_key_is_the_md5_read_big_endian():
    assert hash_key("a") == 0x0CC175B9C0F1B6A831C399E269772661


def test_records_exactly_a_second_apart_are_in_no_second_together():
    first = ("a", 500_000, 700 * KIB)
    apart = load_of([first, ("a", 1_500_000, 700 * KIB)])
    within = load_of([first, ("a", 1_499_999, 700 * KIB)])
    assert (over_limit_sliding(apart, [0]), over_limit_sliding(within, [0])) == (0, 1)
