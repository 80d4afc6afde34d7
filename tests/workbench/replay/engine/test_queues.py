"""Queues: visibility, receive counts, redrive, groups."""

import json
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import sqs_message
from tests.workbench.replay.engine.recorded_queues import Taking, recorded_queue_cases
from tests.workbench.replay.engine.runs import run_queue
from workbench.replay.engine import queues
from workbench.replay.settings import FunctionSettings

REPORT = ("ReportBatchItemFailures",)


def succeed(event):
    return None


def fail(event):
    raise ValueError("no")


def failing(*numbers):
    """A handler that reports these orders."""

    def handle(event):
        failed = [r for r in event["Records"] if json.loads(r["body"])["order"] in numbers]
        return {"batchItemFailures": [{"itemIdentifier": r["messageId"]} for r in failed]}

    return handle


def redrive(count, **more):
    return {"max_receive_count": count, **more}


def receive_counts(ran, record):
    events = [json.loads(row["event"]) for row in ran.invocations]
    return [
        int(each["attributes"]["ApproximateReceiveCount"])
        for event in events
        for each in event["Records"]
        if each["messageId"] == record.record_id
    ]


def test_messages_of_one_instant_are_read_together_and_others_are_not():
    ran = run_queue([sqs_message(1), sqs_message(2), sqs_message(3, seconds=1)], succeed)
    assert ran.batches() == [(0, 2, "poll"), (1, 1, "poll")]


def test_a_batch_takes_no_more_than_its_size():
    ran = run_queue([sqs_message(n) for n in range(5)], succeed, batch_size=2)
    assert [size for _, size, _ in ran.batches()] == [2, 2, 1]


def test_a_failed_message_comes_back_after_its_visibility_timeout():
    message = sqs_message(1)
    ran = run_queue([message], fail, attributes=redrive(3))
    assert ran.seconds_of(message) == [0, 30, 60]
    assert receive_counts(ran, message) == [1, 2, 3]


def test_a_message_is_dead_lettered_when_a_receive_would_exceed_the_count_as_on_aws(shared_events):
    file = "localstack/esm-snapshots/test_lambda_integration_sqs.snapshot.json"
    snapshots = json.loads((shared_events / file).read_text("utf-8"))
    content = next(
        snapshot["recorded-content"]
        for name, snapshot in snapshots.items()
        if name.endswith("::test_redrive_policy_with_failing_lambda")
    )
    recorded = [
        int(message["Body"]["event"]["Records"][0]["attributes"]["ApproximateReceiveCount"])
        for attempt in ("first_attempt", "second_attempt")
        for message in content[attempt]["Messages"]
    ]
    message = sqs_message(1)
    ran = run_queue([message], fail, attributes=redrive(2))
    assert receive_counts(ran, message) == recorded == [1, 2]
    assert ran.verdicts_of(message) == ["failed", "dead_lettered"]


def test_counts_go_on_from_the_captured_ones():
    message = sqs_message(1, receive_count=3)
    ran = run_queue([message], fail, attributes=redrive(4))
    assert receive_counts(ran, message) == [3, 4]


def test_a_message_captured_beyond_the_count_is_still_delivered_once():
    message = sqs_message(1, receive_count=9)
    ran = run_queue([message], fail, attributes=redrive(3))
    assert ran.verdicts_of(message) == ["dead_lettered"]


def test_a_message_that_succeeds_later_is_done():
    calls = Counter()

    def handle(event):
        calls["n"] += 1
        if calls["n"] < 3:
            raise ValueError("not yet")

    message = sqs_message(1)
    ran = run_queue([message], handle, attributes=redrive(5))
    assert ran.verdicts_of(message) == ["failed", "failed", "succeeded"]
    assert ran.verdicts == {"succeeded": 1}


def test_only_reported_messages_come_back():
    messages = [sqs_message(n) for n in (1, 2, 3)]
    ran = run_queue(messages, failing(2), attributes=redrive(2), function_response_types=REPORT)
    assert [ran.verdicts_of(each) for each in messages] == [
        ["succeeded"],
        ["failed", "dead_lettered"],
        ["succeeded"],
    ]


def test_a_report_counts_for_nothing_where_the_mapping_does_not_ask_for_it():
    message = sqs_message(1)
    assert run_queue([message], failing(1)).verdicts_of(message) == ["succeeded"]


def test_an_error_stands_on_every_message_of_the_batch():
    messages = [sqs_message(n) for n in (1, 2)]
    ran = run_queue(messages, fail, attributes=redrive(1))
    assert [(row["error_type"], row["error_message"]) for row in ran.outcomes] == [
        ("ValueError", "no")
    ] * 2


def test_without_a_redrive_policy_a_message_ends_with_its_retention():
    message = sqs_message(1)
    attributes = {"message_retention_period": timedelta(seconds=60)}
    ran = run_queue([message], fail, attributes=attributes)
    assert ran.seconds_of(message) == [0, 30]
    assert ran.verdicts_of(message) == ["failed", "discarded_age"]


def test_many_hopeless_messages_do_not_make_millions_of_deliveries(monkeypatch):
    monkeypatch.setattr(queues, "PATIENCE_BUDGET", 50)
    ran = run_queue([sqs_message(n, seconds=n) for n in range(5)], fail)
    assert len(ran.outcomes) < 5 * 100 + 60
    assert ran.verdicts == {"discarded_age": 5}
    # 4 days in steps of 30 s, less what was run.
    assert ran.lanes[0].deliveries_not_run + len(ran.outcomes) == 5 * 4 * 86_400 / 30


def test_with_a_window_messages_stay_hidden_long_enough_for_window_and_function():
    message = sqs_message(1)
    ran = run_queue(
        [message],
        fail,
        attributes=redrive(2),
        function=FunctionSettings("charge", timeout_s=20),
        maximum_batching_window_in_seconds=15,
    )
    # Received at 0, invoked when the window ends at 15; hidden for 15 + 20 + 30.
    assert ran.seconds_of(message) == [15, 80]


def test_a_fifo_group_waits_for_its_failed_head_and_others_go_on():
    first, second = sqs_message(1, group="a"), sqs_message(2, group="a", seconds=1)
    other = sqs_message(3, group="b", seconds=1)
    ran = run_queue(
        [first, second, other],
        failing(1),
        attributes=redrive(2, fifo_queue=True),
        batch_size=1,
        function_response_types=REPORT,
    )
    assert ran.seconds_of(first) == [0, 30]
    assert ran.seconds_of(other) == [1]
    assert ran.seconds_of(second) == [60]


def test_a_fifo_batch_brings_back_what_was_reported_in_order_with_a_receive_more_as_on_aws():
    messages = [sqs_message(n, group="1") for n in (1, 2, 3, 4)]
    attempts = iter([failing(2, 3, 4), succeed])
    ran = run_queue(
        messages,
        lambda event: next(attempts)(event),
        attributes={"fifo_queue": True},
        function_response_types=REPORT,
    )
    again = json.loads(ran.invocations[1]["event"])["Records"]
    assert [each["messageId"] for each in again] == [m.record_id for m in messages[1:]]
    assert {each["attributes"]["ApproximateReceiveCount"] for each in again} == {"2"}


def test_a_group_waits_while_a_message_of_it_is_in_flight_and_others_go_on():
    messages = [sqs_message(1, group="a"), sqs_message(2, group="a", seconds=1)]
    other = sqs_message(3, group="b", seconds=2)
    attributes = {"fifo_queue": True}
    takes = Taking(timedelta(seconds=5))
    ran = run_queue([*messages, other], invoker=takes, attributes=attributes)

    assert [ran.seconds_of(each) for each in (*messages, other)] == [[0], [5], [2]]


def test_messages_of_one_group_stand_in_the_order_of_their_sequence_numbers():
    late, early = sqs_message(2, group="a"), sqs_message(1, group="a")
    ran = run_queue([late, early], succeed, attributes={"fifo_queue": True}, batch_size=1)
    ids = [json.loads(row["event"])["Records"][0]["messageId"] for row in ran.invocations]
    assert ids == [early.record_id, late.record_id]


def test_a_message_behind_a_blocked_group_may_expire_unseen():
    first, second = (sqs_message(n, group="a") for n in (1, 2))
    attributes = {"fifo_queue": True, "message_retention_period": timedelta(seconds=60)}
    ran = run_queue([first, second], fail, attributes=attributes, batch_size=1)
    assert ran.of(second)[0]["attempt"] == 0
    assert ran.verdicts_of(second) == ["discarded_age"]
    assert ran.of(second)[0]["invocation_id"] is None


@settings(deadline=None)
@given(
    plan=st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from("abc"), st.integers(0, 4)), max_size=14
    ),
    batch_size=st.integers(1, 10),
    fifo=st.booleans(),
    most=st.integers(1, 4),
)
def test_every_message_has_one_fate_and_groups_keep_their_order(plan, batch_size, fifo, most):
    plan = sorted(plan)
    messages = [
        sqs_message(n, seconds=when, group=group if fifo else None)
        for n, (when, group, _) in enumerate(plan)
    ]
    left = Counter({m.record_id: fails for m, (_, _, fails) in zip(messages, plan, strict=True)})
    done = []

    def handle(event):
        failed, blocked = [], set()
        for record in event["Records"]:
            group = record["attributes"].get("MessageGroupId")
            if left[record["messageId"]] > 0 or group in blocked:
                left[record["messageId"]] -= 1
                failed.append({"itemIdentifier": record["messageId"]})
                if group is not None:
                    blocked.add(group)
            else:
                done.append((group, record["messageId"]))
        return {"batchItemFailures": failed}

    attributes = redrive(most, fifo_queue=fifo)
    ran = run_queue(
        messages,
        handle,
        attributes=attributes,
        batch_size=batch_size,
        function_response_types=REPORT,
    )
    assert sum(ran.verdicts.values()) == len(messages)
    assert set(ran.verdicts) <= {"succeeded", "dead_lettered"}
    for message in messages:
        attempts = [row["attempt"] for row in ran.of(message)]
        assert attempts == list(range(1, len(attempts) + 1))
        assert len(attempts) <= most
        assert "failed" not in ran.verdicts_of(message)[-1:]
    for group in "abc":
        ids = [message_id for each, message_id in done if each == group]
        assert ids == sorted(ids)


def test_a_receipt_handle_is_new_with_every_delivery():
    ran = run_queue([sqs_message(1)], fail, attributes=redrive(3))
    handles = {json.loads(row["event"])["Records"][0]["receiptHandle"] for row in ran.invocations}
    assert len(handles) == 3


def test_a_visibility_timeout_of_zero_does_not_stop_the_clock():
    message = sqs_message(1)
    attributes = {
        "visibility_timeout": timedelta(0),
        "message_retention_period": timedelta(seconds=5),
    }
    ran = run_queue([message], fail, attributes=attributes)
    assert ran.verdicts_of(message)[-1] == "discarded_age"


def test_a_message_that_fits_no_filter_is_deleted_and_never_seen_by_the_handler():
    messages = [sqs_message(n, {"paid": n % 2 == 0}, seconds=n) for n in range(1, 5)]

    ran = run_queue(messages, filters=('{"body": {"paid": [true]}}',), batch_size=1)

    assert [ran.verdicts_of(message) for message in messages] == [
        ["filtered"],
        ["succeeded"],
        ["filtered"],
        ["succeeded"],
    ]
    (row,) = ran.of(messages[0])
    assert (row["attempt"], row["invocation_id"]) == (0, None)
    assert len(ran.invocations) == 2


@pytest.mark.parametrize(("window_s", "is_there"), [(0, False), (1, True)])
def test_a_batching_window_gives_messages_without_attributes_a_digest_of_null(window_s, is_there):
    ran = run_queue([sqs_message(1)], maximum_batching_window_in_seconds=window_s)

    ((record,),) = (json.loads(row["event"])["Records"] for row in ran.invocations)
    assert ("md5OfMessageAttributes" in record) is is_there
    assert record.get("md5OfMessageAttributes") is None


def test_queues_do_what_aws_was_recorded_doing(shared_events, capsys):
    cases = recorded_queue_cases(shared_events)
    wrong = {case.name: found for case in cases if (found := list(case.disagreements()))}
    with capsys.disabled():
        print(f"\nsqs: cases={len(cases)} agree={len(cases) - len(wrong)}")
    assert not wrong
    assert len(cases) == 43
