"""Tumbling windows: which records belong together, what becomes of the state, how a window ends."""

import json
from datetime import timedelta

import pytest

from tests.factories import SHARD, STREAM, instant, kinesis_record
from tests.workbench.replay.engine.runs import run_stream
from tests.workbench.replay.engine.test_streams import order_of
from workbench.replay.engine.windows import TumblingWindow, answered_state

REPORT = ("ReportBatchItemFailures",)
LENGTH_S = 30


def records_at(*seconds, **named):
    return [kinesis_record(n, seconds=second, **named) for n, second in enumerate(seconds, 1)]


def add_up(event):
    state = dict(event["state"])
    for record in event["Records"]:
        state["seen"] = [*state.get("seen", []), order_of(record)]
    return {"state": state}


def events(ran):
    return [json.loads(row["event"]) for row in ran.invocations]


def told(ran):
    """Records, state before, and whether final, of each invocation."""
    return [
        (
            [order_of(r) for r in event["Records"]],
            event["state"].get("seen", []),
            event["isFinalInvokeForWindow"],
        )
        for event in events(ran)
    ]


def test_each_window_ends_with_a_final_invocation_that_has_its_state_and_no_records():
    ran = run_stream(
        records_at(0, 10, 40), add_up, batch_size=1, tumbling_window_in_seconds=LENGTH_S
    )
    assert told(ran) == [
        ([1], [], False),
        ([2], [1], False),
        ([], [1, 2], True),
        ([3], [], False),
        ([], [3], True),
    ]
    assert ran.batches() == [
        (0, 1, "batch_size"),
        (10, 1, "batch_size"),
        (30, 0, "window_end"),
        (40, 1, "batch_size"),
        (60, 0, "window_end"),
    ]
    assert ran.verdicts == {"succeeded": 3}


def test_the_event_says_its_window_shard_and_stream_at_the_top():
    first, final = events(run_stream(records_at(7), add_up, tumbling_window_in_seconds=LENGTH_S))
    assert first["window"] == {"start": "2026-11-20T10:00:00Z", "end": "2026-11-20T10:00:30Z"}
    assert (first["shardId"], first["eventSourceARN"]) == (SHARD, STREAM)
    assert (first["state"], first["isWindowTerminatedEarly"]) == ({}, False)
    assert (final["Records"], final["window"]) == ([], first["window"])
    assert list(first) == [
        *("Records", "window", "state", "shardId", "eventSourceARN"),
        *("isFinalInvokeForWindow", "isWindowTerminatedEarly"),
    ]


def test_windows_begin_at_multiples_of_their_length_since_the_epoch():
    window = TumblingWindow.around(instant(59.5), timedelta(seconds=7))
    assert window.begins_at.timestamp() % 7 == 0
    assert window.begins_at <= instant(59.5) < window.ends_at


def test_a_batch_holds_records_of_one_window_and_goes_when_the_window_ends():
    ran = run_stream(
        records_at(25, 29, 31),
        add_up,
        tumbling_window_in_seconds=LENGTH_S,
        maximum_batching_window_in_seconds=20,
    )
    assert ran.batches() == [
        (30, 2, "window_end"),
        (30, 0, "window_end"),
        (50, 1, "end"),
        (60, 0, "window_end"),
    ]


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"state": None}, []])
def test_an_answer_without_state_is_a_failure(answer):
    (record,) = records_at(0)
    answers = iter([answer, {"state": {}}, {"state": {}}])
    ran = run_stream(
        [record],
        lambda event: next(answers),
        tumbling_window_in_seconds=LENGTH_S,
        function_response_types=REPORT,
    )
    assert ran.verdicts_of(record) == ["failed", "succeeded"]
    assert "no state" in ran.of(record)[0]["error_message"]


def test_a_retry_gets_the_state_that_the_failed_attempt_got():
    attempts = iter([False, True, False, False])

    def handle(event):
        if next(attempts):
            raise ValueError("no")
        return add_up(event)

    ran = run_stream(records_at(0, 1), handle, batch_size=1, tumbling_window_in_seconds=LENGTH_S)
    assert told(ran) == [
        ([1], [], False),
        ([2], [1], False),
        ([2], [1], False),
        ([], [1, 2], True),
    ]


def test_a_partial_answer_keeps_its_state_for_what_comes_again():
    def handle(event):
        names = [r["kinesis"]["sequenceNumber"] for r in event["Records"]]
        done, rest = event["Records"][:1], names[1:]
        answer = add_up({**event, "Records": done})
        return answer | {"batchItemFailures": [{"itemIdentifier": name} for name in rest]}

    ran = run_stream(
        records_at(0, 0, 0),
        handle,
        tumbling_window_in_seconds=LENGTH_S,
        function_response_types=REPORT,
    )
    assert told(ran) == [
        ([1, 2, 3], [], False),
        ([2, 3], [1], False),
        ([3], [1, 2], False),
        ([], [1, 2, 3], True),
    ]


def test_a_window_goes_on_after_records_that_are_given_up_and_halves_hand_on_their_state():
    def handle(event):
        if any(order_of(r) == 2 for r in event["Records"]):
            raise ValueError("no")
        return add_up(event)

    ran = run_stream(
        records_at(0, 0, 0),
        handle,
        maximum_retry_attempts=0,
        bisect_batch_on_function_error=True,
        tumbling_window_in_seconds=LENGTH_S,
    )
    assert told(ran) == [
        ([1, 2, 3], [], False),
        ([1, 2], [], False),
        ([1], [], False),
        ([2], [1], False),
        ([3], [1], False),
        ([], [1, 3], True),
    ]
    assert ran.verdicts == {"succeeded": 2, "discarded_retries": 1}


def test_a_state_that_grows_over_a_megabyte_ends_the_window_early_and_it_goes_on_anew():
    def handle(event):
        large = any(order_of(r) == 1 for r in event["Records"])
        return {"state": {"text": "x" * 1_048_576}} if large else add_up(event)

    ran = run_stream(records_at(0, 1), handle, batch_size=1, tumbling_window_in_seconds=LENGTH_S)
    flags = [(e["isFinalInvokeForWindow"], e["isWindowTerminatedEarly"]) for e in events(ran)]
    assert flags == [(False, False), (True, True), (False, False), (True, False)]
    assert told(ran)[2:] == [([2], [], False), ([], [2], True)]
    assert len({e["window"]["start"] for e in events(ran)}) == 1


def test_a_window_that_ended_early_still_has_its_end():
    def handle(event):
        return {"state": {"text": "x" * 1_048_576}} if event["Records"] else add_up(event)

    ran = run_stream(records_at(0), handle, tumbling_window_in_seconds=LENGTH_S)
    assert [event["state"] == {} for event in events(ran)] == [True, False, True]
    assert ran.batches()[-1] == (30, 0, "window_end")


def test_nothing_goes_on_until_the_final_invocation_succeeds():
    finals = iter([True, True, False, False])

    def handle(event):
        if event["isFinalInvokeForWindow"] and next(finals):
            raise ValueError("no")
        return add_up(event)

    ran = run_stream(
        records_at(0, 31), handle, tumbling_window_in_seconds=LENGTH_S, maximum_retry_attempts=0
    )
    assert [(at, size) for at, size, _ in ran.batches()] == [
        *[(0, 1), (30, 0), (31, 0), (33, 0)],
        *[(33, 1), (60, 0)],
    ]
    assert ran.verdicts == {"succeeded": 2}


def test_a_final_invocation_that_never_succeeds_is_given_up_with_the_retention():
    def handle(event):
        if event["isFinalInvokeForWindow"]:
            raise ValueError("no")
        return add_up(event)

    ran = run_stream(records_at(0), handle, tumbling_window_in_seconds=LENGTH_S, retention_hours=1)
    assert 3_600 < ran.batches()[-1][0] <= 3_700


def test_each_lane_of_a_shard_has_a_state_of_its_own():
    records = [kinesis_record(n, key=f"key-{n % 5}", seconds=n) for n in range(20)]
    ran = run_stream(records, add_up, tumbling_window_in_seconds=LENGTH_S, parallelization_factor=3)
    finals = [seen for _, seen, is_final in told(ran) if is_final]
    assert len(finals) == len(ran.lanes) > 1
    assert sorted(n for seen in finals for n in seen) == list(range(20))


def test_the_payload_limit_counts_the_state():
    def handle(event):
        return {"state": {"text": "x" * 1_000_000}}

    records = [kinesis_record(n, b"x" * 1_000_000, seconds=n > 1) for n in range(1, 6)]
    ran = run_stream(records, handle, tumbling_window_in_seconds=LENGTH_S)
    assert [(size, why) for _, size, why in ran.batches()] == [
        *[(1, "poll"), (3, "payload"), (1, "poll")],
        (0, "window_end"),
    ]
    assert all(len(row["event"]) <= 6_291_456 for row in ran.invocations)


def test_the_state_of_an_answer_is_what_it_says():
    assert answered_state('{"state": {"caf\\u00e9": [1.0, null]}}') == '{"café":[1.0,null]}'
    assert answered_state('"state"') is None
