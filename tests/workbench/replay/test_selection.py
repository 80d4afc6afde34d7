"""Choosing records: what is not asked for leaves none out, and a choice of nothing is said."""

from datetime import timedelta

import pytest

from tests.factories import QUEUE, T0, sqs_message, write_trace
from workbench.errors import UsageError
from workbench.replay.selection import Selection, selected_items


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    messages = [sqs_message(n, {"total": n}, seconds=n) for n in range(1, 7)]
    again = sqs_message(2, {"total": 2}, seconds=2, receive_count=2)
    with write_trace(tmp_path_factory.mktemp("selection") / "t.trace", [*messages, again]) as trace:
        yield trace


def seconds(trace, **chosen):
    found = selected_items(trace, QUEUE, Selection(**chosen))
    return [(item.arrives_at - T0).total_seconds() for item in found]


def test_everything_is_every_record_once(trace):
    assert seconds(trace) == [1, 2, 3, 4, 5, 6]


def test_records_are_chosen_by_instant_by_a_condition_and_by_number(trace):
    since, until = T0 + timedelta(seconds=2), T0 + timedelta(seconds=5)
    assert seconds(trace, since=since, until=until) == [2, 3, 4, 5]
    assert seconds(trace, where="field(body, '$.total')::int > 4") == [5, 6]
    assert seconds(trace, where="receive_count = 2 -- redelivered") == [2]
    assert seconds(trace, since=since, limit=2) == [2, 3]


def test_a_choice_of_nothing_and_a_wrong_condition_are_said_in_one_line(trace):
    with pytest.raises(UsageError, match="found none chosen of the 6 of this source"):
        seconds(trace, where="false")
    with pytest.raises(UsageError, match="nonsense"):
        seconds(trace, where="nonsense = 3")
