"""Records stand in the shard of their key's hash, in the order of their arrival, also across a split."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.record import Cause
from datasets.aws.kpl import ToPack
from datasets.aws.streams import Stream, hash_of
from datasets.story import Story


@given(st.lists(st.tuples(st.text(min_size=1, max_size=5), st.floats(0, 60)), max_size=20))
def test_a_record_is_in_the_shard_of_its_key_and_numbers_follow_arrival(
    puts: list[tuple[str, float]],
) -> None:
    stream = Stream(Story(1, 60), "s", 3)
    for key, now_s in puts:
        stream.put(key, b"x", now_s)

    for shard, (_, page) in zip(stream.shards, stream.pages(), strict=True):
        assert all(shard.low <= hash_of(str(r.ordering_key)) <= shard.high for r in page.records)
        arrivals = [r.source_at for r in page.records if r.source_at]
        assert arrivals == sorted(arrivals)
        numbers = [str(r.sequence_number) for r in page.records]
        assert all(len(number) == 56 for number in numbers)


def test_a_split_closes_the_shard_and_two_open_with_its_range() -> None:
    stream = Stream(Story(1, 60), "s", 1)
    [parent] = stream.shards
    children = stream.split(parent, 30)
    before, after = stream.put("k", b"x", 29.9), stream.put("k", b"x", 30)

    assert before.shard_id == parent.shard_id
    assert after.shard_id in {child.shard_id for child in children}
    assert (children[0].low, children[1].high) == (parent.low, parent.high)
    assert children[0].high + 1 == children[1].low
    spans = {page.checkpoint.partition_id: page.spans for _, page in stream.pages()}
    assert spans[parent.shard_id][0].to_at == spans[children[0].shard_id][0].from_at


def test_what_was_put_in_a_hole_is_not_in_the_trace() -> None:
    stream = Stream(Story(1, 60), "s", 1)
    puts = [stream.put("k", b"%d" % n, 10 * n) for n in range(1, 5)]
    stream.miss(stream.shards[0], 15, 35, Cause.TRIMMED)

    [(_, page)] = stream.pages()
    assert [r.record_id for r in page.records] == [puts[0].record_id, puts[3].record_id]
    assert [span.cause for span in page.spans] == [None, "trimmed"]


def test_an_aggregate_stands_under_its_first_key() -> None:
    stream = Stream(Story(1, 60), "s", 2)
    keys = [stream.key_in(shard, "k") for shard in stream.shards]
    put = stream.aggregate([ToPack(key, b"x") for key in keys], 1)

    assert (put.key, put.shard_id) == (keys[0], stream.shards[0].shard_id)
