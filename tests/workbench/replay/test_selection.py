"""Choosing records: what is not asked for leaves none out, and a choice of nothing is said."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.record import Resource
from tests.factories import QUEUE, STREAM, T0, kinesis_record, sqs_message, write_trace
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


def test_what_failed_is_chosen_by_its_failure_record_or_as_its_range_names_it(tmp_path):
    records = [kinesis_record(n, seconds=n) for n in range(1, 7)]
    held = replace(
        records[5], attributes=json.dumps({"workbench": {"failure": {"kind": "on-failure-record"}}})
    )
    batch = {
        "shardId": records[1].partition_id,
        "startSequenceNumber": records[1].sequence_number,
        "endSequenceNumber": records[2].sequence_number,
    }
    named = Resource(STREAM, "on-failure-record", T0, json.dumps({"KinesisBatchInfo": batch}))

    with write_trace(tmp_path / "t.trace", [*records[:5], held], [named]) as trace:
        chosen = selected_items(trace, STREAM, Selection(failed=True))

    assert [(item.arrives_at - T0).total_seconds() for item in chosen] == [2, 3, 6]


def test_a_trace_without_failure_records_has_none_that_failed(trace):
    with pytest.raises(UsageError, match="found none chosen"):
        seconds(trace, failed=True)
