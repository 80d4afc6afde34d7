"""Deliveries are seen in their order; holes and reshards are never passed over in silence, and told once."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.record import Cause, Checkpoint, Page, Record, Span
from tests.factories import LOG_GROUP, QUEUE, SHARD, STREAM, T0, instant, kinesis_record, page
from workbench.tail.watching import Notice, Watch, in_order
from workbench.trace.where import Where

CHILD = "shardId-000000000001"


def ended(shard: str, *spans: Span) -> tuple[str, Page]:
    return STREAM, Page((), Checkpoint(shard, "1", finished=True), spans)


def notices(seen: Sequence[object]) -> list[tuple[str, str]]:
    return [(each.partition_id, each.said) for each in seen if isinstance(each, Notice)]


def test_a_hole_is_told_with_its_cause_before_the_records_after_it() -> None:
    hole = Span(T0, instant(5), Cause.TRIMMED)
    watch = Watch()

    first, second = watch.of_pages([(STREAM, page(kinesis_record(1), spans=[hole]))])

    assert isinstance(first, Notice)
    assert first.hole == hole
    assert "trimmed" in first.said
    assert isinstance(second, Record)
    assert (watch.records, watch.shown) == (1, 1)


def test_a_hole_is_told_once_also_when_the_trace_tells_it_again() -> None:
    hole = Span(T0, instant(5), Cause.TRIMMED)
    watch = Watch()
    list(watch.of_pages([(STREAM, page(shard=SHARD, spans=[hole, Span(instant(5), instant(6))]))]))
    other = Span(instant(7), instant(8), Cause.INTERRUPTED)

    again = list(watch.of_holes([(STREAM, SHARD, hole), (STREAM, SHARD, other)]))

    assert [notice.hole for notice in again] == [other]


def test_a_hole_that_the_trace_has_grown_out_of_several_was_told_with_them() -> None:
    watch = Watch()
    parts = [(instant(5), instant(9)), (T0, instant(5)), (instant(20), instant(30))]
    spans = [Span(*part, Cause.TRIMMED) for part in parts]
    list(watch.of_pages([(STREAM, page(shard=SHARD, spans=spans))]))

    def told(first: float, last: float, cause: Cause = Cause.TRIMMED) -> bool:
        hole = Span(instant(first), instant(last), cause)
        return list(watch.of_holes([(STREAM, SHARD, hole)])) == []

    assert told(0, 9)
    assert told(21, 22)
    assert not told(8, 21)
    assert not told(0, 9, Cause.CORRUPT_PAGE)


def test_the_same_hole_of_another_shard_is_another() -> None:
    hole = Span(T0, instant(5), Cause.TRIMMED)
    watch = Watch()

    told = list(watch.of_holes([(STREAM, SHARD, hole), (STREAM, CHILD, hole)]))

    assert [notice.partition_id for notice in told] == [SHARD, CHILD]


def test_a_reshard_is_told_at_both_its_ends() -> None:
    watch = Watch()
    list(watch.of_pages([(STREAM, page(kinesis_record(1)))]))

    closed = list(watch.of_pages([ended(SHARD)]))
    opened = list(watch.of_pages([(STREAM, page(kinesis_record(2, shard=CHILD)))]))

    assert notices(closed) == [(SHARD, "shard closed, read to its end")]
    assert notices(opened) == [(CHILD, "new shard, read from its beginning")]
    assert isinstance(opened[-1], Record)


def test_shards_that_were_there_or_closed_before_are_no_news() -> None:
    watch = Watch()

    seen = [
        *watch.of_pages([ended(SHARD)]),
        *watch.of_pages([(STREAM, page(shard=CHILD)), (LOG_GROUP, page(shard=""))]),
    ]

    assert seen == []


def test_only_what_the_condition_holds_for_is_shown_and_all_is_counted() -> None:
    where = Where("$.order == 2")
    watch = Watch(where)

    seen = list(watch.of_pages([(STREAM, page(*(kinesis_record(n) for n in range(5))))]))
    where.close()

    assert [each.body for each in seen if isinstance(each, Record)] == [b'{"order":2}']
    assert (watch.records, watch.shown) == (5, 1)


def test_a_condition_that_cannot_be_judged_shows_and_says_so_once() -> None:
    where = Where("field(body, '$.order')::integer = 2")
    watch = Watch(where)
    odd = [(STREAM, page(kinesis_record(1, {"order": "two"})))]

    seen = [*watch.of_pages(odd), *watch.of_pages(odd)]
    where.close()

    assert [type(each) for each in seen] == [Notice, Record, Record]
    assert "two" in notices(seen)[0][1]


Pages = st.lists(
    st.tuples(st.sampled_from("abc"), st.lists(st.integers(0, 9), max_size=6)), max_size=8
)


def pages_of(drawn: list[tuple[str, list[int]]]) -> list[tuple[str, Page]]:
    number = 0
    found = []
    for shard, seconds in drawn:
        records = []
        for second in seconds:
            number += 1
            records.append(kinesis_record(number, seconds=second, shard=shard))
        found.append((STREAM, Page(tuple(records), Checkpoint(shard, "1"))))
    return found


@given(Pages)
def test_a_partition_keeps_the_order_it_came_in_and_nothing_is_lost(
    drawn: list[tuple[str, list[int]]],
) -> None:
    pages = pages_of(drawn)
    ordered = in_order(pages)

    for shard in "abc":
        came = [r for _, each in pages for r in each.records if r.partition_id == shard]
        assert [r for r in ordered if r.partition_id == shard] == came
    assert len(ordered) == sum(len(each.records) for _, each in pages)


@given(Pages)
def test_partitions_in_order_of_time_are_merged_into_one_in_order_of_time(
    drawn: list[tuple[str, list[int]]],
) -> None:
    latest: dict[str, int] = {}
    rising = []
    for shard, steps in drawn:
        seconds = []
        for step in steps:
            latest[shard] = latest.get(shard, 0) + step
            seconds.append(latest[shard])
        rising.append((shard, seconds))

    instants = [record.source_at for record in in_order(pages_of(rising)) if record.source_at]

    assert instants == sorted(instants)


def test_a_record_whose_service_tells_no_time_stands_where_it_was_received() -> None:
    untimed = Record(
        service="aws:sqs",
        source_arn=QUEUE,
        partition_id="",
        record_id="m",
        received_at=instant(5),
        body=b"x",
    )
    timed = kinesis_record(1, seconds=9)

    ordered = in_order([(STREAM, page(timed)), (QUEUE, page(untimed))])

    assert [record.record_id for record in ordered] == ["m", timed.record_id]
    assert ordered[1].received_at - ordered[0].received_at > timedelta(0)
