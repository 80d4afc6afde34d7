"""Streams: retries, checkpoints, bisecting, record age, lanes."""

import base64
import json
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import dynamodb_change, instant, kinesis_record
from tests.workbench.replay.engine.runs import run_stream

REPORT = ("ReportBatchItemFailures",)


def order_of(record):
    return json.loads(base64.b64decode(record["kinesis"]["data"]))["order"]


def succeed(event):
    return None


def raising(*numbers):
    def handle(event):
        if any(order_of(record) in numbers for record in event["Records"]):
            raise ValueError("no")

    return handle


def reporting(*numbers):
    def handle(event):
        failed = [r for r in event["Records"] if order_of(r) in numbers]
        names = [{"itemIdentifier": r["kinesis"]["sequenceNumber"]} for r in failed]
        return {"batchItemFailures": names}

    return handle


def orders(ran):
    """The orders of each batch."""
    return [[order_of(r) for r in json.loads(row["event"])["Records"]] for row in ran.invocations]


def records_at(*seconds):
    return [kinesis_record(n, seconds=second) for n, second in enumerate(seconds, 1)]


def test_n_retries_make_n_plus_1_deliveries():
    (record,) = records_at(0)
    ran = run_stream([record], raising(1), maximum_retry_attempts=2)
    assert ran.verdicts_of(record) == ["failed", "failed", "discarded_retries"]
    assert [reason for _, _, reason in ran.batches()] == ["poll", "retry", "retry"]


def test_back_off_doubles_from_a_second_up_to_a_minute():
    (record,) = records_at(0)
    ran = run_stream([record], raising(1), maximum_retry_attempts=8)
    assert ran.seconds_of(record) == [0, 1, 3, 7, 15, 31, 63, 123, 183]


def test_retries_are_counted_anew_when_the_checkpoint_moves_as_on_aws():
    records = records_at(*[0] * 6)
    ran = run_stream(
        records,
        reporting(6),
        batch_size=3,
        maximum_retry_attempts=3,
        function_response_types=REPORT,
    )
    assert orders(ran) == [[1, 2, 3], [4, 5, 6], [6], [6], [6], [6]]
    assert ran.verdicts_of(records[5])[-1] == "discarded_retries"


def test_everything_behind_the_checkpoint_comes_again():
    records = records_at(0, 0, 0, 0)
    attempts = iter([reporting(2, 4), succeed])
    ran = run_stream(records, lambda event: next(attempts)(event), function_response_types=REPORT)
    assert orders(ran) == [[1, 2, 3, 4], [2, 3, 4]]
    assert ran.verdicts_of(records[2]) == ["failed", "succeeded"]


def test_the_checkpoint_is_the_lowest_number_as_an_integer():
    records = [kinesis_record(n) for n in (9, 10)]
    attempts = iter([reporting(10, 9), succeed])
    ran = run_stream(records, lambda event: next(attempts)(event), function_response_types=REPORT)
    assert orders(ran) == [[9, 10], [9, 10]]


def test_a_failing_batch_is_not_filled_up_and_holds_its_shard_up():
    records = records_at(0, 1, 2)
    ran = run_stream(records, raising(1), maximum_retry_attempts=2)
    assert orders(ran) == [[1], [1], [1], [2, 3]]
    assert ran.batches()[-1][0] == 3


def test_other_shards_go_on_while_one_waits():
    bad = kinesis_record(1, shard="shardId-000000000000")
    good = kinesis_record(2, shard="shardId-000000000001", seconds=2)
    ran = run_stream([bad, good], raising(1), maximum_retry_attempts=5)
    assert ran.seconds_of(good) == [2]
    assert [n for (n,) in orders(ran)] == [1, 1, 2, 1, 1, 1, 1]


def test_records_too_old_are_discarded_and_the_rest_still_goes():
    records = records_at(0, 0, 50)
    ran = run_stream(
        records, raising(1), maximum_record_age_in_seconds=60, maximum_retry_attempts=-1
    )
    assert ran.seconds_of(records[0]) == [0, 1, 3, 7, 15, 31]
    assert ran.verdicts_of(records[0])[-1] == "discarded_age"
    assert ran.verdicts_of(records[2]) == ["succeeded"]


def test_a_record_that_aged_while_its_shard_was_held_up_is_discarded_unseen():
    records = records_at(0, 1)
    ran = run_stream(records, raising(1), batch_size=1, maximum_record_age_in_seconds=60)
    (row,) = ran.of(records[1])
    assert (row["verdict"], row["attempt"], row["invocation_id"]) == ("discarded_age", 0, None)


def test_without_limits_retention_ends_it():
    (record,) = records_at(0)
    ran = run_stream([record], raising(1), retention_hours=1)
    assert ran.verdicts_of(record)[-1] == "discarded_age"
    assert 3_500 < ran.seconds_of(record)[-1] <= 3_600


def test_bisecting_finds_the_bad_record_without_spending_retries():
    records = records_at(*[0] * 5)
    ran = run_stream(
        records, raising(4), maximum_retry_attempts=0, bisect_batch_on_function_error=True
    )
    assert orders(ran) == [[1, 2, 3, 4, 5], [1, 2, 3], [4, 5], [4], [5]]
    assert ran.verdicts == {"succeeded": 4, "discarded_retries": 1}
    assert [reason for _, _, reason in ran.batches()][1:] == ["bisect"] * 4


def test_the_left_half_ends_all_its_retries_before_the_right_begins():
    records = records_at(0, 0)
    ran = run_stream(
        records, raising(1), maximum_retry_attempts=1, bisect_batch_on_function_error=True
    )
    assert orders(ran) == [[1, 2], [1], [1], [2]]


def test_a_partial_answer_splits_at_the_reported_record_even_when_bisecting():
    records = records_at(0, 0, 0, 0)
    ran = run_stream(
        records,
        reporting(2),
        maximum_retry_attempts=0,
        bisect_batch_on_function_error=True,
        function_response_types=REPORT,
    )
    assert orders(ran)[:2] == [[1, 2, 3, 4], [2, 3, 4]]


def test_a_child_shard_begins_when_its_parents_have_ended():
    parent, child = "shardId-000000000000", "shardId-000000000001"
    records = [kinesis_record(1, shard=parent), kinesis_record(2, shard=child)]
    ran = run_stream(
        records, raising(1), maximum_retry_attempts=3, parents={child: (parent,), parent: ()}
    )
    assert orders(ran) == [[1], [1], [1], [1], [2]]
    assert ran.seconds_of(records[1]) == [7]


def test_a_grandchild_waits_although_the_shard_in_between_has_no_records():
    shards = [f"shardId-00000000000{n}" for n in range(3)]
    records = [kinesis_record(1, shard=shards[0]), kinesis_record(2, shard=shards[2])]
    parents = {shards[2]: (shards[1],), shards[1]: (shards[0],)}
    ran = run_stream(records, raising(1), maximum_retry_attempts=1, parents=parents)
    assert orders(ran) == [[1], [1], [2]]


def test_lanes_of_one_shard_keep_the_order_of_each_key():
    records = [kinesis_record(n, key=f"key-{n % 7}") for n in range(70)]
    ran = run_stream(records, succeed, batch_size=1, parallelization_factor=4)
    assert len(ran.lanes) == 4
    seen = [n for (n,) in orders(ran)]
    for key in range(7):
        own = [n for n in seen if n % 7 == key]
        assert own == sorted(own)


def test_sequence_numbers_order_a_shard_not_instants():
    first, second = kinesis_record(1, seconds=5), kinesis_record(2, seconds=0)
    ran = run_stream([second, first], succeed)
    assert orders(ran) == [[1, 2]]
    assert ran.batches()[0][0] == 5


def test_the_payload_limit_splits_a_batch():
    records = [kinesis_record(n, b"x" * 1_000_000) for n in range(1, 8)]
    ran = run_stream(records, succeed)
    assert ran.batches() == [(0, 4, "payload"), (0, 3, "poll")]
    assert all(len(row["event"]) <= 6_291_456 for row in ran.invocations)


def test_only_the_head_that_is_too_old_is_discarded_and_the_rest_counts_anew():
    records = records_at(0, 10, 0)
    ran = run_stream(
        records,
        maximum_record_age_in_seconds=60,
        maximum_batching_window_in_seconds=65,
    )
    assert orders(ran) == [[2, 3]]
    assert ran.verdicts == {"discarded_age": 1, "succeeded": 2}


def test_filtered_records_are_skipped_while_the_batch_is_filled():
    records = records_at(*[0] * 6)
    ran = run_stream(
        records, batch_size=3, filters=('{"data": {"order": [{"numeric": [">", 2]}]}}',)
    )
    assert orders(ran) == [[3, 4, 5], [6]]
    (row,) = ran.of(records[0])
    assert (row["verdict"], row["attempt"], row["invocation_id"]) == ("filtered", 0, None)
    assert ran.verdicts == {"filtered": 2, "succeeded": 4}


def test_nothing_but_filtered_records_calls_nobody():
    ran = run_stream(records_at(0, 1), filters=('{"data": {"order": [9]}}',))
    assert (ran.invocations, ran.verdicts) == ([], {"filtered": 2})


def test_reading_begins_at_the_timestamp_that_the_mapping_says():
    records = records_at(0, 10, 20)
    ran = run_stream(
        records, starting_position="AT_TIMESTAMP", starting_position_timestamp=instant(10)
    )
    assert orders(ran) == [[2], [3]]
    assert ran.verdicts_of(records[0]) == ["not_reached"]


@pytest.mark.parametrize("position", ["LATEST", "TRIM_HORIZON"])
def test_a_mapping_that_is_there_from_the_first_record_on_reads_all(position):
    assert orders(run_stream(records_at(0, 0), starting_position=position)) == [[1, 2]]


def test_changes_of_one_item_keep_their_order_and_wait_for_parents():
    changes = [dynamodb_change(n, key=f"item-{n % 3}", seconds=n) for n in range(1, 10)]
    child = dynamodb_change(10, shard="shardId-child", seconds=0)
    ran = run_stream(
        [child, *changes],
        batch_size=1,
        parallelization_factor=3,
        parents={"shardId-child": (changes[0].partition_id,)},
    )
    assert ran.seconds_of(child) == [9]
    assert [ran.seconds_of(each) for each in changes] == [[n] for n in range(1, 10)]


def test_a_partial_answer_without_retries_still_moves_the_checkpoint():
    records = records_at(0, 0, 0)
    ran = run_stream(
        records,
        reporting(2),
        maximum_retry_attempts=0,
        bisect_batch_on_function_error=True,
        function_response_types=REPORT,
    )
    assert orders(ran) == [[1, 2, 3], [2, 3]]
    assert ran.verdicts == {"succeeded": 1, "discarded_retries": 2}


@settings(deadline=None, max_examples=50)
@given(
    plan=st.lists(
        st.tuples(st.integers(0, 90), st.sampled_from("ab"), st.integers(0, 4), st.integers(0, 6)),
        max_size=14,
    ),
    mapping=st.fixed_dictionaries(
        {
            "batch_size": st.integers(1, 5),
            "maximum_retry_attempts": st.integers(-1, 3),
            "maximum_record_age_in_seconds": st.sampled_from([-1, 60]),
            "bisect_batch_on_function_error": st.booleans(),
            "maximum_batching_window_in_seconds": st.sampled_from([0, 3]),
            "parallelization_factor": st.integers(1, 3),
            "tumbling_window_in_seconds": st.sampled_from([0, 20]),
            "function_response_types": st.sampled_from([(), REPORT]),
            "filters": st.sampled_from([(), ('{"data": {"order": [{"numeric": ["<", 9]}]}}',)]),
        }
    ),
)
def test_whatever_fails_each_record_meets_one_fate_no_key_is_out_of_order_and_it_comes_out_the_same(
    plan, mapping
):
    """A key's record is done with before the next one of the key is seen for the first time."""
    plan = sorted(plan)
    records = [
        kinesis_record(n, seconds=when, shard=f"shardId-{shard}", key=f"key-{key}")
        for n, (when, shard, key, _) in enumerate(plan)
    ]

    def run():
        left = Counter({n: fails for n, (*_, fails) in enumerate(plan)})

        def handle(event):
            state = {"state": event.get("state", {})}
            for record in event["Records"]:
                if left[order_of(record)] > 0:
                    left[order_of(record)] -= 1
                    if not mapping["function_response_types"]:
                        raise ValueError("no")
                    name = record["kinesis"]["sequenceNumber"]
                    return state | {"batchItemFailures": [{"itemIdentifier": name}]}
            return state

        return run_stream(records, handle, **mapping)

    ran = run()
    assert sum(ran.verdicts.values()) == len(records)
    assert set(ran.verdicts) <= {"succeeded", "filtered", "discarded_age", "discarded_retries"}
    assert (ran.outcomes, ran.invocations) == ((again := run()).outcomes, again.invocations)
    by_key = {}
    for record in records:
        rows = ran.of(record)
        assert [row["attempt"] for row in rows] in ([0], [*range(1, len(rows) + 1)])
        if rows[0]["attempt"]:
            by_key.setdefault((record.partition_id, record.ordering_key), []).append(rows)
    place = {row["invocation_id"]: n for n, row in enumerate(ran.invocations)}
    for rows_of_key in by_key.values():
        for earlier, later in pairwise(rows_of_key):
            first_seen = place[later[0]["invocation_id"]]
            done_in = place[earlier[-1]["invocation_id"]]
            together = {row["invocation_id"] for row in earlier} & {later[0]["invocation_id"]}
            assert done_in < first_seen or together


@settings(deadline=None)
@given(
    plan=st.lists(
        st.tuples(st.integers(0, 30), st.sampled_from("ab"), st.integers(0, 5)), max_size=12
    ),
    batch_size=st.integers(1, 5),
    retries=st.integers(0, 3),
    bisects=st.booleans(),
    reports=st.booleans(),
    window=st.sampled_from([0, 3]),
)
def test_every_record_has_one_fate_and_none_overtakes_another(
    plan, batch_size, retries, bisects, reports, window
):
    records = [
        kinesis_record(n, seconds=when, shard=f"shardId-{shard}")
        for n, (when, shard, _) in enumerate(sorted(plan))
    ]
    left = Counter({n: fails for n, (_, _, fails) in enumerate(sorted(plan))})

    def handle(event):
        for record in event["Records"]:
            if left[order_of(record)] > 0:
                left[order_of(record)] -= 1
                if not reports:
                    raise ValueError("no")
                name = record["kinesis"]["sequenceNumber"]
                return {"batchItemFailures": [{"itemIdentifier": name}]}
        return None

    ran = run_stream(
        records,
        handle,
        batch_size=batch_size,
        maximum_retry_attempts=retries,
        bisect_batch_on_function_error=bisects,
        maximum_batching_window_in_seconds=window,
        function_response_types=REPORT if reports else (),
    )
    assert sum(ran.verdicts.values()) == len(records)
    assert set(ran.verdicts) <= {"succeeded", "discarded_retries"}
    for record in records:
        attempts = [row["attempt"] for row in ran.of(record)]
        assert attempts == list(range(1, len(attempts) + 1))
    for shard in "ab":
        lasts = [ran.seconds_of(r)[-1] for r in records if r.partition_id == f"shardId-{shard}"]
        assert lasts == sorted(lasts)
