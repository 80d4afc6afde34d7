"""One shard, answer by answer: what is believed at once, what only when it is confirmed."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import CorruptAnswerError
from connectors.record import Checkpoint, Page
from tests.connectors.dynamodb_streams.table_capture import stream_of
from tests.scripted_aws.clock import VirtualClock
from tests.scripted_aws.dynamodb_streams import ScriptedTable
from tests.scripted_aws.faults import Answer, Fault, aws_error, one_by_one


def table_of(*keys: str, **more: Any) -> ScriptedTable:
    table = ScriptedTable(VirtualClock(), **more)
    for key in keys:
        table.put(key)
    return table


def reading(table: ScriptedTable, after: Checkpoint | None = None, **more: Any) -> Iterator[Page]:
    connector = stream_of(table, **more)
    return connector.read(connector.partitions()[0], after)


def ids(pages: list[Page]) -> list[str]:
    return [record.record_id for page in pages for record in page.records]


def written(table: ScriptedTable) -> list[str]:
    return [change.event_id for _, _, change in table.written]


def always(damaged: Callable[[Answer], Any], when: Callable[[Answer], bool]) -> Any:
    """A fault of GetRecords that comes back whenever the answer is such."""

    def script(operation: str, asked: Any) -> Fault | None:
        def perhaps(answer: Answer) -> Any:
            return damaged(answer) if when(answer) else answer

        return Fault(damaged=perhaps) if operation == "GetRecords" else None

    return script


def test_a_closed_shard_ends_and_its_last_page_says_so() -> None:
    table = table_of("a", "b")
    table.rotate()
    pages = list(reading(table))
    assert ids(pages) == written(table)
    assert [page.checkpoint.finished for page in pages] == [False, True]
    assert list(reading(table, pages[-1].checkpoint)) == []


def test_empty_answers_are_no_tip_until_they_come_one_after_the_other() -> None:
    table = table_of("a")
    pages = reading(table)
    behind = [next(pages).millis_behind_latest for _ in range(7)]
    assert behind == [None, None, None, None, None, 0, 0]


def test_empty_answers_on_the_way_to_a_change_are_passed() -> None:
    table = table_of(*"abcdef", empty_answers=4)
    pages = reading(table)
    read: list[Page] = []
    while not read or read[-1].millis_behind_latest != 0:
        read.append(next(pages))
    assert ids(read) == written(table)


def test_the_tip_is_read_up_to_the_second_before_it_was_asked_for() -> None:
    table = table_of("a")
    table.clock.forward(milliseconds=2_600)
    pages = reading(table)
    tip = [next(pages) for _ in range(6)][-1]
    (span,) = tip.spans
    assert span.to_at == table.clock.now().replace(microsecond=0) < table.clock.now()


def test_an_open_shard_with_a_child_is_never_at_its_tip_and_in_the_end_left() -> None:
    table = table_of("a", end_shown_after=timedelta(days=1))
    table.rotate()
    pages = reading(table)
    read = [next(pages) for _ in range(101)]
    assert {page.millis_behind_latest for page in read[:-1]} == {None}
    assert read[-1].millis_behind_latest == 0
    assert not read[-1].checkpoint.finished


@pytest.mark.parametrize(
    "damaged",
    [
        lambda answer: {},
        lambda answer: {"NextShardIterator": answer.get("NextShardIterator")},
        lambda answer: answer | {"Records": "x"},
        lambda answer: answer | {"Records": [None]},
        lambda answer: answer | {"Records": [{"eventID": "e"}]},
        lambda answer: answer | {"NextShardIterator": 7},
        lambda answer: None,
    ],
)
def test_a_damaged_answer_is_asked_for_again_and_never_an_end(
    damaged: Callable[[Answer], Any],
) -> None:
    table = table_of("a", "b")
    table.rotate()
    table.faults = one_by_one([Fault(damaged=damaged)], only="GetRecords")
    assert ids(list(reading(table))) == written(table)


@pytest.mark.parametrize("error", [ValueError("nan"), RecursionError(), UnicodeError("x")])
def test_an_answer_that_cannot_be_parsed_is_asked_for_again(error: Exception) -> None:
    table = table_of("a", "b")
    table.rotate()
    table.faults = one_by_one([Fault(error)], only="GetRecords")
    assert ids(list(reading(table))) == written(table)


def test_an_empty_answer_that_lost_its_iterator_is_no_end_of_a_closed_shard() -> None:
    table = table_of("a", empty_answers=3)
    first = next(reading(table))
    for key in "bcd":
        table.put(key)
    table.rotate()
    table.faults = one_by_one(
        [Fault(damaged=lambda answer: {"Records": answer["Records"]})], only="GetRecords"
    )
    pages = [first, *reading(table, first.checkpoint)]
    assert ids(pages) == written(table)
    assert pages[-1].checkpoint.finished


def test_an_end_that_no_listing_confirms_is_damage() -> None:
    table = table_of("a")
    table.faults = always(lambda answer: {"Records": answer["Records"]}, lambda answer: True)
    pages = reading(table)
    assert ids([next(pages)]) == written(table)
    with pytest.raises(CorruptAnswerError, match="listed as open and without children"):
        next(pages)


def test_a_change_that_damages_every_answer_is_passed_with_a_hole_around_it_alone() -> None:
    table = table_of(*(f"{n}" for n in range(20)))
    for n in range(20, 25):
        table.clock.forward(seconds=10)
        table.put(f"{n}")
    poison = table.written[21][2]
    table.faults = always(
        lambda answer: answer | {"Records": "x"},
        lambda answer: any(r["eventID"] == poison.event_id for r in answer["Records"]),
    )
    table.rotate()
    pages = list(reading(table))
    assert ids(pages) == [each for each in written(table) if each != poison.event_id]
    (hole,) = [span for page in pages for span in page.spans if span.cause]
    assert hole.cause == "corrupt_page"
    assert hole.from_at <= poison.written_at < hole.to_at
    assert hole.to_at - hole.from_at <= timedelta(seconds=21)


def test_a_change_that_cannot_be_passed_stops_its_shard_and_asks_only_once_more_next_time() -> None:
    table = table_of(*"abcd")
    poison = table.written[2][2].event_id
    table.faults = always(
        lambda answer: {}, lambda answer: any(r["eventID"] == poison for r in answer["Records"])
    )
    connector = stream_of(table)
    (shard,) = connector.partitions()
    read: list[Page] = []
    with pytest.raises(CorruptAnswerError):
        read.extend(connector.read(shard, None))
    with pytest.raises(CorruptAnswerError):
        next(connector.read(shard, read[-1].checkpoint if read else None))


def test_an_expired_iterator_is_renewed_behind_the_last_change() -> None:
    table = table_of("a")
    pages = reading(table)
    first = next(pages)
    table.clock.forward(minutes=16)
    table.put("b")
    assert ids([first, next(pages)]) == written(table)


def test_a_trim_is_a_hole_from_what_was_read_to_the_oldest_change_kept() -> None:
    table = table_of("a")
    table.clock.forward(seconds=5)
    pages = reading(table)
    tip = [next(pages) for _ in range(6)][-1]
    read_to_at = tip.spans[-1].to_at
    table.clock.forward(minutes=30)
    table.put("gone")
    table.clock.forward(minutes=60)
    kept = table.put("kept")
    table.clock.forward(hours=23, minutes=20)
    page = next(pages)
    assert ids([page]) == [kept.event_id]
    hole = page.spans[0]
    assert (hole.from_at, hole.cause) == (read_to_at, "trimmed")
    assert hole.to_at == table.clock.now() - timedelta(hours=24)


def test_a_trim_that_this_machine_s_clock_cannot_explain_is_a_hole_all_the_same() -> None:
    table = table_of("a")
    table.clock.forward(minutes=1)
    slow = VirtualClock()
    connector = stream_of(table)
    (shard,) = connector.partitions()
    first = next(connector.read(shard, None))
    table.put("gone")
    table.clock.forward(hours=2)
    kept = table.put("kept")
    table.clock.forward(hours=22, minutes=30)
    late = stream_of(table)
    late.now = slow.now  # a day behind AWS's
    page = next(late.read(shard, first.checkpoint))
    assert ids([page]) == [kept.event_id]
    (hole,) = [span for span in page.spans if span.cause]
    assert (hole.cause, hole.to_at) == ("trimmed", kept.written_at + timedelta(seconds=1))
    assert hole.from_at <= table.written[1][2].written_at < hole.to_at


def test_what_came_before_the_first_look_is_no_hole_unless_it_was_asked_for() -> None:
    table = table_of("a")
    table.clock.forward(hours=3)
    kept = table.put("b")
    table.clock.forward(hours=22)
    page = next(reading(table))
    assert ids([page]) == [kept.event_id]
    assert [span.cause for span in page.spans] == [None]
    since = table.stream.enabled_at
    asked = next(reading(table, since=since))
    assert (asked.spans[0].from_at, asked.spans[0].cause) == (since, "trimmed")


def test_a_trim_while_the_first_answer_is_under_way_is_followed() -> None:
    table = table_of("a")
    table.faults = one_by_one(
        [Fault(aws_error("TrimmedDataAccessException")), None], only="GetRecords"
    )
    assert ids([next(reading(table))]) == written(table)


def test_a_page_says_how_many_calls_it_cost() -> None:
    table = table_of("a")
    pages = reading(table)
    assert [next(pages).requests for _ in range(2)] == [2, 1]
