"""Kinesis: every record once, parents before children, nothing lost without a hole."""

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import (
    Checkpoint,
    CorruptAnswerError,
    Partition,
    SourceNotFoundError,
    ThrottledError,
    open_connector,
    uncovered_hash_ranges,
)
from connectors.stream_position import decode_position
from tests.connectors.local import access_to, bodies, now, unique, until_tip
from tests.scripted_aws.clock import START, VirtualClock
from tests.scripted_aws.faults import Fault, aws_error, one_by_one
from tests.scripted_aws.kinesis import ScriptedKinesis
from tests.scripted_aws.kinesis_reading import Reading, Store, captured, opened
from tests.scripted_aws.schedules import play, schedules
from workbench.local_aws import LocalAws

SHARD = "shardId-000000000000"
THROTTLE = aws_error("ProvisionedThroughputExceededException")


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def kinesis(clock: VirtualClock) -> ScriptedKinesis:
    """A stream of one shard, older than anything that is kept."""
    fake = ScriptedKinesis(clock)
    fake.create_stream("orders")
    clock.forward(days=3)
    return fake


def put(kinesis: ScriptedKinesis, *numbers: int, key: str = "k", late_ms: int = 0) -> None:
    for number in numbers:
        kinesis.put_record(
            StreamName="orders", Data=b"%d" % number, PartitionKey=key, late_ms=late_ms
        )


def in_order(store: Store) -> bool:
    """Whether each shard's records came once and in the shard's order."""
    last: dict[str, int] = {}
    for record in store.records:
        number = int(record.sequence_number or 0)
        if number <= last.get(record.partition_id, 0):
            return False
        last[record.partition_id] = number
    return True


# Whatever happens.


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_what_is_stored_is_what_was_written_less_the_holes_whatever_happens(
    data: st.DataObject,
) -> None:
    clock = VirtualClock()
    kinesis = ScriptedKinesis(clock)
    kinesis.create_stream("orders", shards=data.draw(st.integers(1, 3)))
    kinesis.state.shards_a_page = data.draw(st.integers(1, 5))
    kinesis.state.end_with_records = data.draw(st.booleans())
    dice = random.Random(data.draw(st.integers(0, 2**16)))
    store = Store()
    since = data.draw(st.sampled_from((None, START - timedelta(minutes=1))))
    asked_from = since
    for steps in data.draw(st.lists(schedules(12, 30 * 3_600_000), min_size=1, max_size=4)):
        play(kinesis, "orders", steps)
        if asked_from is None:  # what is trimmed while the first reads begin is nobody's
            asked_from = clock.now() - timedelta(hours=24) + timedelta(minutes=1)
            captured(kinesis, store)
        kinesis.state.empty_pages = {SHARD: dice.randrange(3)}
        kinesis.faults = troubles(dice)
        reading = Reading(opened(kinesis, since=since), store, clock).begin()
        ends_at = dice.randrange(1, 60)
        for turn in range(ends_at):
            if not reading.turn(die=lambda: dice.random() < 0.02):
                break
            if turn % 5 == 0 and steps:
                play(kinesis, "orders", [dice.choice(steps)])
    kinesis.faults = troubles(random.Random(), often=0)
    captured(kinesis, store, since=since)

    assert store.lost(kinesis, since=asked_from) == []
    assert len(set(store.ids)) == len(store.ids)
    assert in_order(store)
    assert parents_came_first(kinesis, store)


def troubles(dice: random.Random, often: float = 0.15) -> Any:
    """Throttles, expired iterators and damaged answers, here and there."""
    kinds = (
        Fault(error=THROTTLE),
        Fault(error=aws_error("ExpiredIteratorException")),
        Fault(damaged=lambda answer: {}),
        Fault(damaged=lambda answer: {n: v for n, v in answer.items() if "Next" not in n}),
    )

    def script(operation: str, parameters: Any) -> Fault | None:
        troubled = operation == "GetRecords" and dice.random() < often
        return dice.choice(kinds) if troubled else None

    return script


def parents_came_first(kinesis: ScriptedKinesis, store: Store) -> bool:
    """No record of a parent was stored after one of its child."""
    seen: set[str] = set()
    lineage = {shard: parents for (_, shard), (parents, *_) in kinesis.state.lineage.items()}
    for record in store.records:
        children = {s for s, parents in lineage.items() if record.partition_id in parents}
        if children & seen:
            return False
        seen.add(record.partition_id)
    return True


# Shards.


def test_every_page_of_the_shard_list_is_read(kinesis: ScriptedKinesis) -> None:
    kinesis.state.shards_a_page = 1
    low, high = kinesis.split_shard("orders", SHARD)
    merged = kinesis.merge_shards("orders", low, high)
    listed = opened(kinesis).partitions()
    assert [p.partition_id for p in listed] == [SHARD, low, high, merged]
    assert listed[-1].parents == (low, high)


def test_closed_shards_are_read_too_so_nothing_written_before_a_reshard_is_missed(
    kinesis: ScriptedKinesis,
) -> None:
    put(kinesis, 1, 2)
    kinesis.split_shard("orders", SHARD)
    put(kinesis, 3)
    assert captured(kinesis).bodies == [b"1", b"2", b"3"]


def test_a_reshard_while_reading_is_followed_and_the_child_begins_at_its_oldest_record(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    store = Store()
    since = clock.now()
    reading = Reading(opened(kinesis, since=since), store, clock).begin()
    reading.turn(follow=True)
    put(kinesis, 1)
    kinesis.split_shard("orders", SHARD)
    put(kinesis, 2, 3)
    for _ in range(8):
        reading.turn(follow=True)
    assert store.bodies == [b"1", b"2", b"3"]
    assert store.holes() == []


def test_a_child_of_a_merge_waits_for_both_parents(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    low, high = kinesis.split_shard("orders", SHARD)
    kinesis.put_record(StreamName="orders", Data=b"low", PartitionKey="x", ExplicitHashKey="0")
    merged = kinesis.merge_shards("orders", low, high)
    put(kinesis, 9)
    kinesis.state.empty_pages = {low: 4}
    store = captured(kinesis)
    assert store.bodies == [b"low", b"9"]
    assert store.records[-1].partition_id == merged


def test_a_missing_iterator_alone_is_no_end_of_an_open_shard(kinesis: ScriptedKinesis) -> None:
    put(kinesis, 1, 2)
    without = Fault(damaged=lambda answer: {k: v for k, v in answer.items() if "Next" not in k})
    kinesis.faults = one_by_one([without, without], only="GetRecords")
    reader = opened(kinesis).read(Partition(SHARD), None)
    assert bodies([next(reader)]) == [b"1", b"2"]
    with pytest.raises(CorruptAnswerError, match="an iterator or the proved end"):
        next(reader)
    put(kinesis, 3)
    store = captured(kinesis)
    assert store.bodies == [b"1", b"2", b"3"]


def test_an_end_without_children_is_an_end_once_the_listing_says_so(
    kinesis: ScriptedKinesis,
) -> None:
    put(kinesis, 1)
    children = kinesis.split_shard("orders", SHARD)
    kinesis.faults = lambda operation, asked: Fault(
        damaged=lambda answer: {k: v for k, v in answer.items() if k != "ChildShards"}
    )
    *_, last = opened(kinesis).read(Partition(SHARD), None)
    assert last.checkpoint.finished
    assert decode_position(last.checkpoint).children == children


def test_children_that_name_another_parent_prove_nothing(kinesis: ScriptedKinesis) -> None:
    strange = {"ShardId": "s", "ParentShards": ["other"], "HashKeyRange": {}}
    ended = {"Records": [], "MillisBehindLatest": 0, "ChildShards": [strange]}
    kinesis.faults = one_by_one([Fault(damaged=lambda answer: ended)], only="GetRecords")
    with pytest.raises(CorruptAnswerError):
        next(opened(kinesis).read(Partition(SHARD), None))


def test_a_finished_shard_is_not_read_again(kinesis: ScriptedKinesis) -> None:
    kinesis.split_shard("orders", SHARD)
    connector = opened(kinesis)
    *_, last = connector.read(Partition(SHARD), None)
    asked = len(kinesis.state.asked)
    assert list(connector.read(Partition(SHARD), last.checkpoint)) == []
    assert len(kinesis.state.asked) == asked


def test_hash_keys_that_stay_without_a_shard_are_a_hole_after_the_third_look(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    low, _ = kinesis.split_shard("orders", SHARD)
    kinesis.put_record(StreamName="orders", Data=b"", PartitionKey="k", ExplicitHashKey="0")
    kinesis.state.unlisted = {low}
    clock.forward(seconds=1)
    store = captured(kinesis)
    (hole,) = store.holes("unreadable")
    assert hole[0] == f"hash-keys-0-{2**127 - 1}"
    assert hole[2] == clock.now() - timedelta(seconds=1)


def test_a_reshard_in_progress_is_no_false_alarm(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    low, _ = kinesis.split_shard("orders", SHARD)
    kinesis.put_record(StreamName="orders", Data=b"1", PartitionKey="k", ExplicitHashKey="0")
    kinesis.state.unlisted = {low}
    store = Store()
    reading = Reading(opened(kinesis), store, clock).begin()
    reading.turn()
    kinesis.state.unlisted = set()
    while reading.turn():
        pass
    assert store.bodies == [b"1"]
    assert store.holes() == []
    (again,) = opened(kinesis).resume(store.checkpoints)
    assert again.checkpoint.partition_id.startswith("hash-keys-")
    assert not again.checkpoint.finished, "each capture looks for itself"


# Positions.


def test_reading_goes_on_behind_the_checkpoint_of_any_page(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    put(kinesis, *range(1, 250))
    kinesis.split_shard("orders", SHARD)
    connector = opened(kinesis)
    pages = list(connector.read(Partition(SHARD), None))
    assert len(pages) > 2
    for n, page in enumerate(pages):
        clock.forward(seconds=1)
        rest = list(opened(kinesis).read(Partition(SHARD), page.checkpoint))
        assert bodies(pages[: n + 1]) + bodies(rest) == [b"%d" % i for i in range(1, 250)]


def test_sequence_numbers_are_compared_as_numbers_not_as_text(clock: VirtualClock) -> None:
    kinesis = ScriptedKinesis(clock)
    kinesis.state.next_sequence_number = 10**55 - 3_000_000
    kinesis.create_stream("orders")
    store = Store()
    for n in range(6):
        put(kinesis, n)
        captured(kinesis, store)
    assert store.bodies == [b"%d" % n for n in range(6)]
    assert len({len(record.sequence_number or "") for record in store.records}) == 2


def test_an_iterator_that_expired_is_renewed_behind_the_last_durable_record(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    put(kinesis, 1)
    reader = opened(kinesis).read(Partition(SHARD), None)
    first = next(reader)
    clock.forward(seconds=301)
    put(kinesis, 2)
    second = next(reader)
    assert bodies([first, second]) == [b"1", b"2"]
    (again,) = [
        asked
        for operation, asked in kinesis.state.asked
        if asked.get("ShardIteratorType") == "AFTER_SEQUENCE_NUMBER"
    ]
    assert again["StartingSequenceNumber"] == first.records[-1].sequence_number


def test_an_iterator_that_is_born_expired_is_no_endless_loop(kinesis: ScriptedKinesis) -> None:
    expired = Fault(error=aws_error("ExpiredIteratorException"))
    kinesis.faults = one_by_one([expired] * 2, only="GetRecords")
    with pytest.raises(CorruptAnswerError, match="expired at once"):
        next(opened(kinesis).read(Partition(SHARD), None))


def test_an_empty_answer_in_the_middle_is_no_tip(kinesis: ScriptedKinesis) -> None:
    put(kinesis, 1)
    kinesis.state.empty_pages = {SHARD: 3}
    assert captured(kinesis).bodies == [b"1"]


def test_a_position_of_somebody_else_is_refused(kinesis: ScriptedKinesis) -> None:
    with pytest.raises(Exception, match=r"a position in .* was wanted"):
        next(opened(kinesis).read(Partition(SHARD), Checkpoint(SHARD, "495")))


# From when, and until when.


def test_reading_begins_at_the_oldest_record_never_at_the_latest(kinesis: ScriptedKinesis) -> None:
    put(kinesis, 1)
    assert captured(kinesis).bodies == [b"1"]


def test_a_shard_that_ended_before_since_is_not_read_and_its_open_child_only_from_then_on(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    put(kinesis, 1)
    kinesis.split_shard("orders", SHARD)
    put(kinesis, 2)
    clock.forward(hours=5)
    put(kinesis, 3)
    clock.forward(minutes=1)
    store = captured(kinesis, since=clock.now() - timedelta(hours=2))
    assert store.bodies == [b"3"]
    assert store.holes() == []


def test_a_capture_from_now_on_finds_after_a_restart_what_came_in_between(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    put(kinesis, 1)
    clock.forward(seconds=1)
    store = captured(kinesis, since=clock.now())
    clock.forward(minutes=10)
    put(kinesis, 2)
    clock.forward(minutes=10)
    captured(kinesis, store, since=clock.now())
    assert store.bodies == [b"2"]
    assert store.holes() == []


def test_a_clock_ahead_of_aws_begins_at_the_tip(kinesis: ScriptedKinesis) -> None:
    put(kinesis, 1)
    ahead = VirtualClock(kinesis.clock.now() + timedelta(seconds=30))
    connector = opened(kinesis, since=ahead.now())
    reader = connector.read(Partition(SHARD), None)
    assert bodies([next(reader)]) == []
    kinesis.clock.forward(seconds=31)
    put(kinesis, 2)
    assert bodies([next(reader)]) == [b"2"]
    refused = Fault(error=aws_error("InvalidArgumentException"))
    kinesis.faults = one_by_one([refused], only="GetShardIterator")
    behind = opened(kinesis, since=kinesis.clock.now() - timedelta(hours=2))
    with pytest.raises(Exception, match="InvalidArgument"):
        next(behind.read(Partition(SHARD), None))


def test_children_begin_at_their_oldest_record_also_in_a_later_capture_with_another_start(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    put(kinesis, 1)
    store = captured(kinesis)
    put(kinesis, 2)
    kinesis.split_shard("orders", SHARD)
    put(kinesis, 3)
    clock.forward(hours=5)
    captured(kinesis, store, since=clock.now() - timedelta(minutes=5))
    assert store.bodies == [b"1", b"2", b"3"]


def test_reading_ends_once_all_up_to_until_was_read_and_not_at_the_first_record_beyond(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    until = clock.now() + timedelta(seconds=30)
    for second in range(120):
        clock.forward(seconds=1)
        put(kinesis, second + 1, late_ms=2_500 if second == 31 else 0)
    store = captured(kinesis, until=until)
    asked_for = {w.data for w in kinesis.state.ledger if w.arrived_at <= until}
    assert b"32" in asked_for
    assert asked_for <= set(store.bodies)
    assert not store.checkpoints[SHARD].finished


def test_pages_touch_in_time_and_reach_the_present_at_the_tip(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    for n in range(150):
        put(kinesis, n)
        clock.forward(seconds=1)
    since = clock.now() - timedelta(hours=2)
    store = captured(kinesis, since=since)
    began, first_ended = clock.now(), store.spans[-1][1].to_at
    clock.forward(hours=1)
    captured(kinesis, store)
    spans = [span for _, span in store.spans]
    assert spans[0].from_at == since
    assert [s.from_at for s in spans[1:]] == [s.to_at for s in spans[:-1]]
    assert first_ended < began < spans[-1].to_at
    assert all(span.cause is None for span in spans)


# What is lost.


def test_what_was_trimmed_while_nobody_read_is_a_hole_up_to_what_is_kept(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    put(kinesis, 1)
    store = captured(kinesis)
    read_to = store.spans[-1][1].to_at
    put(kinesis, 2)
    clock.forward(hours=30)
    put(kinesis, 3)
    captured(kinesis, store)
    (hole,) = store.holes("trimmed")
    assert hole[1] == read_to - timedelta(seconds=5)
    assert timedelta(0) < hole[2] - (START + timedelta(days=3, hours=6)) < timedelta(minutes=1)
    assert store.bodies == [b"1", b"3"]
    assert store.lost(kinesis) == []


def test_nothing_was_trimmed_while_the_last_record_read_is_still_there(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    put(kinesis, 1)
    store = captured(kinesis)
    put(kinesis, 2)
    clock.forward(hours=30)
    kinesis._trim = lambda: None  # type: ignore[method-assign] # AWS trims when it pleases
    captured(kinesis, store)
    assert store.bodies == [b"1", b"2"]
    assert store.holes() == []


def test_a_raised_retention_brings_nothing_back(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    put(kinesis, 1)
    store = captured(kinesis)
    put(kinesis, 2)
    clock.forward(hours=30)
    captured_at = clock.now()
    kinesis.list_shards(StreamName="orders")
    kinesis.state.streams["orders"].retention_hours = 168
    put(kinesis, 3)
    captured(kinesis, store)
    assert store.lost(kinesis) == []
    (hole,) = store.holes("trimmed")
    assert hole[2] <= captured_at - timedelta(hours=24) + timedelta(minutes=1)


def test_a_lowered_retention_is_asked_anew_while_following(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    kinesis.state.streams["orders"].retention_hours = 48
    put(kinesis, 1)
    store = Store()
    reading = Reading(opened(kinesis), store, clock).begin()
    reading.turn(follow=True)
    reading.turn(follow=True)
    put(kinesis, 2)
    clock.forward(hours=10)
    kinesis.state.streams["orders"].retention_hours = 6
    reading.start_listed()
    put(kinesis, 3)
    reading.turn(follow=True)
    assert store.bodies == [b"1", b"3"]
    assert store.lost(kinesis) == []


def test_asking_for_more_than_is_kept_is_a_hole_and_a_young_stream_has_lost_nothing(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    since = clock.now() - timedelta(hours=48)
    (hole,) = captured(kinesis, since=since).holes("trimmed")
    assert hole[1:] == (since, START + timedelta(days=2))
    kinesis.delete_stream("orders")
    clock.forward(seconds=1)
    kinesis.create_stream("orders")
    assert captured(kinesis, since=since).holes() == []


def test_a_child_that_was_trimmed_before_its_parent_was_read_is_a_hole(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    put(kinesis, 1)
    store = Store()
    reading = Reading(opened(kinesis), store, clock).begin()
    kinesis.split_shard("orders", SHARD)
    clock.forward(hours=1)
    put(kinesis, 2)
    clock.forward(hours=23, seconds=-2)
    for _ in range(2):  # the parent is read to its end just in time
        reading.turn()
    clock.forward(hours=3)
    while reading.turn():
        pass
    assert store.bodies == [b"1"]
    assert store.lost(kinesis) == []


@pytest.mark.parametrize("generations", [1, 2, 3])
def test_descendants_that_came_and_expired_unread_leave_a_hole_and_the_rest_is_read(
    kinesis: ScriptedKinesis, clock: VirtualClock, generations: int
) -> None:
    put(kinesis, 1)
    store = captured(kinesis)
    for generation in range(generations):
        put(kinesis, 10 + generation)
        for shard in kinesis.open_shards("orders"):
            kinesis.split_shard("orders", shard)
        clock.forward(hours=26)
    put(kinesis, 99)
    captured(kinesis, store, since=clock.now() - timedelta(minutes=5))
    assert store.bodies == [b"1", b"99"]
    assert store.lost(kinesis) == []
    assert store.checkpoints[SHARD].finished
    assert captured(kinesis, store).bodies == [b"1", b"99"]


def test_a_capture_that_ended_right_at_a_split_knows_of_the_children(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    put(kinesis, 1)
    kinesis.split_shard("orders", SHARD)
    put(kinesis, 2)
    store = Store()
    for page in opened(kinesis).read(Partition(SHARD), None):
        store.commit(page)
    assert store.checkpoints[SHARD].finished
    clock.forward(hours=1)
    late = Store(list(store.records), dict(store.checkpoints), list(store.spans))
    captured(kinesis, store, since=clock.now())
    assert (store.bodies, store.holes()) == ([b"1", b"2"], [])

    for shard in kinesis.open_shards("orders"):
        kinesis.split_shard("orders", shard)
    clock.forward(hours=25)
    put(kinesis, 3)
    captured(kinesis, late)
    assert late.bodies == [b"1", b"3"]
    assert late.lost(kinesis) == []
    assert {cause[0] for cause in late.holes("trimmed")} >= {SHARD[:-1] + "1", SHARD[:-1] + "2"}


def test_a_shard_that_is_not_listed_but_readable_is_not_taken_for_expired(
    kinesis: ScriptedKinesis,
) -> None:
    store = captured(kinesis)
    kinesis.state.unlisted = {SHARD}
    with pytest.raises(CorruptAnswerError, match="found a listing without it"):
        captured(kinesis, store)


# Another stream under the same name.


def test_a_stream_made_again_is_read_from_its_first_record_and_the_old_one_leaves_a_hole(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    put(kinesis, 1)
    store = captured(kinesis)
    put(kinesis, 2)
    clock.forward(hours=1)
    kinesis.delete_stream("orders")
    clock.forward(hours=1)
    kinesis.create_stream("orders")
    created_at = clock.now()
    put(kinesis, 3)
    clock.forward(minutes=1)
    captured(kinesis, store, since=clock.now())
    assert store.bodies == [b"1", b"3"]
    (hole,) = store.holes()
    assert hole in store.holes("gone")
    assert hole[2] == created_at
    assert store.lost(kinesis) == []
    assert len(set(store.ids)) == 2


def test_a_shard_that_was_finished_in_a_former_stream_is_read_in_the_new_one(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    put(kinesis, 1)
    kinesis.split_shard("orders", SHARD)
    store = captured(kinesis)
    assert store.checkpoints[SHARD].finished
    kinesis.delete_stream("orders")
    clock.forward(minutes=1)
    kinesis.create_stream("orders")
    put(kinesis, 2)
    captured(kinesis, store)
    assert store.bodies == [b"1", b"2"]
    assert {hole[0] for hole in store.holes("gone")} == {SHARD[:-1] + "1", SHARD[:-1] + "2"}


def test_a_stream_made_again_while_it_is_read_is_noticed(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    put(kinesis, 1)
    store = Store()
    reading = Reading(opened(kinesis), store, clock).begin()
    reading.turn(follow=True)
    put(kinesis, 2)
    kinesis.delete_stream("orders")
    clock.forward(seconds=20)
    kinesis.create_stream("orders")
    put(kinesis, 3)
    for _ in range(4):
        reading.turn(follow=True)
    assert store.bodies == [b"1", b"3"]
    assert store.lost(kinesis) == []
    assert store.holes("gone")


def test_a_deleted_stream_ends_with_a_hole_not_as_if_it_were_complete(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    put(kinesis, 1)
    store = Store()
    reading = Reading(opened(kinesis), store, clock).begin()
    reading.turn(follow=True)
    put(kinesis, 2)
    kinesis.delete_stream("orders")
    for _ in range(3):
        reading.turn(follow=True)
    assert store.checkpoints[SHARD].finished
    assert SHARD in {hole[0] for hole in store.holes("gone")}
    assert store.lost(kinesis) == []


# Damage, and how much is asked for.


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"Records": []},
        {"MillisBehindLatest": 0},
        {"Records": None, "MillisBehindLatest": 0},
        {"Records": [], "MillisBehindLatest": "0"},
        {"Records": [], "MillisBehindLatest": 0, "NextShardIterator": 7},
    ],
)
def test_a_damaged_answer_is_never_an_empty_one_or_an_end(
    kinesis: ScriptedKinesis, answer: dict[str, Any]
) -> None:
    put(kinesis, 1, 2)
    kinesis.split_shard("orders", SHARD)
    kinesis.faults = one_by_one([Fault(damaged=lambda _: answer)], only="GetRecords")
    with pytest.raises(CorruptAnswerError, match="wanted, found"):
        next(opened(kinesis).read(Partition(SHARD), None))
    assert bodies(list(opened(kinesis).read(Partition(SHARD), None))) == [b"1", b"2"]


def test_an_answer_with_records_that_were_read_already_is_refused(
    kinesis: ScriptedKinesis,
) -> None:
    put(kinesis, 1, 2)
    store = captured(kinesis)
    old = kinesis.get_records(
        ShardIterator=kinesis.get_shard_iterator(
            StreamName="orders", ShardId=SHARD, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
    )
    kinesis.faults = one_by_one([Fault(damaged=lambda answer: old)], only="GetRecords")
    with pytest.raises(CorruptAnswerError, match="records after"):
        next(opened(kinesis).read(Partition(SHARD), store.checkpoints[SHARD]))


def damage(*numbers: int) -> Any:
    """Every answer that carries one of these records is unreadable, but for what its bytes tell."""

    def script(operation: str, asked: Any) -> Fault | None:
        return Fault(damaged=spoiled) if operation == "GetRecords" else None

    def spoiled(answer: dict[str, Any]) -> dict[str, Any]:
        hit = [r for r in answer["Records"] if int(r["Data"]) in numbers]
        if not hit:
            return answer
        told = b",".join(
            b'{"SequenceNumber":"%s","Da' % r["SequenceNumber"].encode() for r in answer["Records"]
        )
        return {"RawBody": b'{"Records":[' + told}

    return script


def test_a_page_that_cannot_be_read_is_narrowed_down_to_its_record_and_the_rest_is_read(
    kinesis: ScriptedKinesis, clock: VirtualClock
) -> None:
    for n in range(300):
        put(kinesis, n)
        clock.forward(seconds=20)
    kinesis.faults = damage(57, 205)
    store = captured(kinesis)
    assert set(store.bodies) == {b"%d" % n for n in range(300)} - {b"57", b"205"}
    assert in_order(store)
    assert len(store.holes("corrupt_page")) == 2
    assert store.lost(kinesis) == []
    assert store.given_up == {}


def test_a_damage_that_tells_nothing_ends_the_shard_with_an_error(
    kinesis: ScriptedKinesis,
) -> None:
    put(kinesis, 1, 2)
    html = Fault(damaged=lambda answer: {"RawBody": b"<html>come back later</html>"})
    kinesis.faults = lambda operation, asked: html if operation == "GetRecords" else None
    store = captured(kinesis)
    assert store.bodies == []
    assert "unreadable answer" in store.given_up[SHARD]


@pytest.mark.parametrize("times", [1, 99])
def test_one_damaged_record_does_not_hide_the_others_and_is_a_hole_if_it_stays_damaged(
    kinesis: ScriptedKinesis, clock: VirtualClock, times: int
) -> None:
    put(kinesis, 1, 2)
    clock.forward(seconds=1)
    put(kinesis, 3)
    clock.forward(seconds=1)
    put(kinesis, 4)
    left = [times]

    def spoiled(answer: dict[str, Any]) -> dict[str, Any]:
        for record in answer["Records"]:
            if record["Data"] == b"3" and left[0] > 0:
                record["Data"] = None
                left[0] -= 1
        return answer

    kinesis.faults = lambda operation, asked: (
        Fault(damaged=spoiled) if operation == "GetRecords" else None
    )
    store = captured(kinesis)
    lost = kinesis.state.ledger[2]
    if times == 1:
        assert (store.bodies, store.holes()) == ([b"1", b"2", b"3", b"4"], [])
    else:
        assert store.bodies == [b"1", b"2", b"4"]
        (hole,) = store.holes("corrupt_page")
        assert hole == (SHARD, lost.arrived_at, lost.arrived_at + timedelta(milliseconds=1))
    assert store.given_up == {}


def test_a_throttle_reaches_whoever_can_wait(kinesis: ScriptedKinesis) -> None:
    kinesis.faults = one_by_one([Fault(error=THROTTLE)], only="GetRecords")
    with pytest.raises(ThrottledError, match="lower the rate"):
        next(opened(kinesis).read(Partition(SHARD), None))


@pytest.mark.parametrize(
    ("size", "count", "asked"),
    [(100, 25_000, [100, 400, 1600, 6400, 9900, 9900]), (50_000, 150, [100, 19, 19, 19])],
)
def test_an_answer_is_kept_near_a_megabyte_whatever_the_records_size(
    kinesis: ScriptedKinesis, clock: VirtualClock, size: int, count: int, asked: list[int]
) -> None:
    for _ in range(count):
        kinesis.put_record(StreamName="orders", Data=b"x" * size, PartitionKey="k")
    for page in opened(kinesis).read(Partition(SHARD), None):
        clock.forward(seconds=3)
        if page.millis_behind_latest == 0:
            break
    limits = [a["Limit"] for operation, a in kinesis.state.asked if operation == "GetRecords"]
    assert limits == asked


def test_consumers_stand_among_the_resources(kinesis: ScriptedKinesis) -> None:
    kinesis.state.streams["orders"].consumers.append("billing")
    resources = {r.kind: r.document for r in opened(kinesis).resources()}
    assert list(resources) == [
        "describe-stream-summary",
        "list-shards",
        "list-stream-consumers",
        "list-event-source-mappings",
    ]
    assert '"ConsumerName":"billing"' in resources["list-stream-consumers"]


# On a local stream.


def test_every_record_of_a_local_stream_comes_once_in_order_and_resumes(
    local_aws: LocalAws, kinesis_client: Any
) -> None:
    name = unique("orders")
    kinesis_client.create_stream(StreamName=name, ShardCount=2)
    sent = [b"%d \x00\xff" % n for n in range(30)]
    for n, data in enumerate(sent):
        kinesis_client.put_record(StreamName=name, PartitionKey=f"k{n % 5}", Data=data)
    connector = open_connector(f"kinesis:{name}", access_to(local_aws), now=now)
    by_key: dict[str | None, list[bytes]] = {}
    checkpoints = {}
    for partition in connector.partitions():
        pages = until_tip(connector, partition)
        checkpoints[partition] = pages[-1].checkpoint
        for page in pages:
            for record in page.records:
                by_key.setdefault(record.ordering_key, []).append(record.body)
                assert record.record_id == f"{partition.partition_id}:{record.sequence_number}"
                assert record.source_arn == connector.source_arn
                assert record.source_at is not None
    assert by_key == {f"k{k}": sent[k::5] for k in range(5)}
    kinesis_client.put_record(StreamName=name, PartitionKey="k0", Data=b"later")
    connector = open_connector(f"kinesis:{name}", access_to(local_aws), now=now)
    again = [
        body
        for partition, checkpoint in checkpoints.items()
        for body in bodies(until_tip(connector, partition, checkpoint))
    ]
    assert again == [b"later"]


def test_a_local_stream_read_by_its_arn_tells_its_configuration(
    local_aws: LocalAws, kinesis_client: Any
) -> None:
    name = unique("orders")
    kinesis_client.create_stream(StreamName=name, ShardCount=2)
    arn = f"arn:aws:kinesis:us-east-1:000000000000:stream/{name}"
    connector = open_connector(arn, access_to(local_aws), now=now)
    assert connector.source_arn == arn
    assert uncovered_hash_ranges(connector.partitions()) == ()
    assert [r.kind for r in connector.resources()] == [
        "describe-stream-summary",
        "list-shards",
        "list-stream-consumers",
        "list-event-source-mappings",
    ]
    connector.close()


def test_a_stream_that_is_not_there_is_said_so(local_aws: LocalAws) -> None:
    with pytest.raises(SourceNotFoundError, match=r"the stream nowhere: .*Region"):
        open_connector("kinesis:nowhere", access_to(local_aws), now=now)


@pytest.fixture
def kinesis_client(local_aws: LocalAws) -> Any:
    from connectors import local_client

    return local_client("kinesis", local_aws.endpoint_url)
