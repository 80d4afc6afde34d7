"""Holes say no less than what is lost, and no more than what can be known."""

from datetime import UTC, datetime, timedelta

from connectors.kinesis.calls import StreamFacts
from connectors.kinesis.holes import (
    hole_of_expired,
    holes_of_damaged,
    oldest_kept_at,
    resumption,
)
from connectors.kinesis.pages import Damaged
from connectors.record import Cause, Checkpoint, Partition, Span
from connectors.stream_position import StreamPosition, decode_position, encode_position

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FACTS = StreamFacts(NOW - 200 * HOUR, 24)
LAST_KEY = str(2**128 - 1)


def position(seen_hours_ago: int, **more: object) -> StreamPosition:
    at = NOW - seen_hours_ago * HOUR
    keys = (0, 2**128 - 1)
    made = {"read_to_at": at, "seen_to_at": at, "created_at": FACTS.created_at, "hash_keys": keys}
    return StreamPosition(**(made | more))  # type: ignore[arg-type]


def checkpoint(shard: str, where: StreamPosition, *, finished: bool = False) -> Checkpoint:
    return Checkpoint(shard, encode_position(where), finished)


def test_what_is_kept_is_bounded_by_the_shortest_retention_that_may_have_held() -> None:
    raised = StreamPosition(retention_hours=6)
    assert oldest_kept_at(StreamPosition(), FACTS, NOW) == NOW - 24 * HOUR
    assert oldest_kept_at(raised, FACTS, NOW) == NOW - 6 * HOUR
    assert oldest_kept_at(raised, StreamFacts(NOW - HOUR, 24), NOW) is None


def test_a_shard_that_vanished_before_its_records_could_expire_was_not_trimmed() -> None:
    (hole,) = hole_of_expired(position(2), NOW - 24 * HOUR, NOW)
    assert (hole.cause, hole.to_at) == (Cause.GONE, NOW)
    (hole,) = hole_of_expired(position(30), NOW - 24 * HOUR, NOW)
    assert (hole.cause, hole.to_at) == (Cause.TRIMMED, NOW - 24 * HOUR)


def test_a_damaged_record_without_an_instant_lies_between_its_neighbours() -> None:
    before, after = (Damaged("1", NOW - HOUR), Damaged("3", NOW))
    _, between, _ = holes_of_damaged([before, Damaged("2", None), after], None, NOW + HOUR)
    assert between == Span(NOW - HOUR, NOW, Cause.CORRUPT_PAGE)
    (alone,) = holes_of_damaged([Damaged("2", None)], NOW - HOUR, NOW)
    assert alone == Span(NOW - HOUR, NOW, Cause.CORRUPT_PAGE)


def test_the_start_of_a_descendant_is_stored_before_its_ancestor_counts_as_finished() -> None:
    listed = [Partition("c", ("b",), "0", LAST_KEY)]
    pages = resumption({"a": checkpoint("a", position(60))}, listed, FACTS, NOW).pages
    assert [(page.checkpoint.partition_id, page.checkpoint.finished) for page in pages] == [
        ("c", False),
        ("a", True),
    ]
    began_at = decode_position(pages[0].checkpoint).read_to_at
    assert began_at == pages[1].spans[0].to_at == NOW - 24 * HOUR


def test_a_child_of_a_finished_shard_that_expired_unread_is_a_hole() -> None:
    where = position(60, children=("b", "c"))
    listed = [Partition("c", ("a",), "0", LAST_KEY)]
    found = resumption({"a": checkpoint("a", where, finished=True)}, listed, FACTS, NOW)
    (page,) = found.pages
    assert (page.checkpoint.partition_id, page.checkpoint.finished) == ("b", True)
    assert page.spans[0].from_at == NOW - 60 * HOUR - timedelta(seconds=5)
    assert found.ended["a"] == where


def test_a_shard_that_was_never_read_and_follows_no_lost_one_is_begun_as_asked() -> None:
    listed = [Partition("a", (), "0", LAST_KEY), Partition("d", ("x",), "0", LAST_KEY)]
    found = resumption({"a": checkpoint("a", position(1))}, listed, FACTS, NOW)
    assert found.pages == ()


def test_a_descendant_of_a_lost_shard_and_of_one_never_read_has_lost_all_that_was_asked_for() -> (
    None
):
    since = NOW - 100 * HOUR
    half = position(60, hash_keys=(0, 2**127 - 1), since_at=since)
    listed = [Partition("c", ("a", "b"), "0", LAST_KEY)]
    start, _ = resumption({"a": checkpoint("a", half)}, listed, FACTS, NOW).pages
    assert decode_position(start.checkpoint).read_to_at == since
    whole = position(60, since_at=since)
    start, _ = resumption({"a": checkpoint("a", whole)}, listed, FACTS, NOW).pages
    assert decode_position(start.checkpoint).read_to_at == NOW - 24 * HOUR
