"""Deliveries by time, however they lie in the segments; pages in the order asked for; one whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories import instant, kinesis_record, sqs_message, write_trace
from workbench.crossfilter import Clause
from workbench.errors import UsageError
from workbench.trace import Trace
from workbench.views.deliveries import deliveries, delivery, delivery_ids, same_key


@pytest.fixture
def trace(tmp_path: Path) -> Iterator[Trace]:
    """A queue's messages (ids 1 to 5, in turned order) and a stream's records (6 to 10), at the same instants."""
    messages = [sqs_message(n, {"n": n}, seconds=10 - n) for n in range(5)]
    records = [kinesis_record(n, b"x" * 1_000, seconds=6 + n, key="it's") for n in range(5)]
    with write_trace(tmp_path / "t.trace", [*messages, *records]) as opened:
        yield opened


def test_ids_are_by_time_and_then_by_id(trace: Trace) -> None:
    ids = delivery_ids(trace)

    ordered = trace.sql(
        "select delivery_id from records order by coalesce(source_at, received_at), delivery_id"
    )
    assert ids.tolist() == ordered["delivery_id"].to_list() == [5, 6, 4, 7, 3, 8, 2, 9, 1, 10]


def test_a_condition_narrows_them_and_may_end_in_a_comment(trace: Trace) -> None:
    assert delivery_ids(trace, "service = 'aws:sqs' -- of the queue").tolist() == [5, 4, 3, 2, 1]
    assert delivery_ids(trace, "false").tolist() == []


def test_a_condition_that_some_record_refuses_is_refused(trace: Trace) -> None:
    with pytest.raises(UsageError, match="Conversion"):
        delivery_ids(trace, "ordering_key::integer = 1")


def test_a_page_has_the_order_in_which_it_was_asked_for(trace: Trace) -> None:
    page = deliveries(trace, [10, 1, 6])

    assert page["delivery_id"].to_list() == [10, 1, 6]
    assert page["at"].to_list() == [instant(10), instant(10), instant(6)]
    assert [len(body) for body in page["body_start"]] == [200, 7, 200]
    assert page["body_bytes"].to_list() == [1_000, 7, 1_000]


def test_how_long_a_message_waited_is_known_of_queues_alone(trace: Trace) -> None:
    assert deliveries(trace, [1, 6])["first_receive_ms"].to_list() == [1_000, None]


def test_a_page_of_nothing_is_empty(trace: Trace) -> None:
    assert deliveries(trace, []).is_empty()


def test_one_delivery_has_all_columns(trace: Trace) -> None:
    row = delivery(trace, 6)

    assert row["body"] == b"x" * 1_000
    assert list(row) == trace.sql("from records limit 0").columns
    with pytest.raises(UsageError, match="delivery_id 99"):
        delivery(trace, 99)


def test_the_key_of_a_record_or_the_record_itself_can_be_followed(trace: Trace) -> None:
    for delivery_id, found in ((6, [6, 7, 8, 9, 10]), (3, [3])):
        said = same_key(delivery(trace, delivery_id))
        assert delivery_ids(trace, Clause.typed(said).sql).tolist() == found
