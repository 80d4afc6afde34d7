"""`tune.shards` over traces: what is counted, what is left out, what the document says."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from connectors.record import Resource
from tests.workbench.findings.traces import STREAM, T0, at, message, put, trace_of
from tests.workbench.tune.resharding.loads import load_of
from workbench.errors import UsageError
from workbench.trace import TraceWriter
from workbench.tune import shards
from workbench.tune.resharding.hash_keys import even_starts, hash_key
from workbench.tune.resharding.layouts import fewest_even, fewest_ranges, runs_to_cut
from workbench.tune.resharding.limits import DOCUMENTED

SPACE = 2**128
LARGE = b"x" * 700_000
IDS = [f"shardId-{number:012d}" for number in range(4)]


def describe(trace, starts):
    """A snapshot of open shards that begin there."""
    ends = [*(start - 1 for start in starts[1:]), SPACE - 1]
    listed = [
        {
            "ShardId": shard_id,
            "HashKeyRange": {"StartingHashKey": str(low), "EndingHashKey": str(high)},
            "SequenceNumberRange": {"StartingSequenceNumber": "1"},
        }
        for shard_id, low, high in zip(IDS, starts, ends, strict=False)
    ]
    writer = TraceWriter(trace.path, "import", [], lambda: T0)
    writer.append_resources([Resource(STREAM, "list-shards", T0, json.dumps({"Shards": listed}))])
    writer.close()
    return trace.refresh()


@pytest.fixture
def two_busy_keys(tmp_path):
    """Keys that no shard holds together, in the same second and in different ones."""
    puts = [put(1, "a", LARGE, 0.1), put(2, "b", LARGE, 0.2), put(3, "a", LARGE, 5)]
    with trace_of(tmp_path / "trace", puts) as trace:
        yield trace


def test_the_document_has_the_fields_that_programs_rely_on(two_busy_keys):
    document = shards(two_busy_keys, source="kinesis:orders").document()
    assert {"source_arn", "from", "to", "peak", "current", "uniform", "planned"} <= document.keys()
    assert document["from"] == "2026-11-20T10:00:00.100000Z"
    assert document["to"] == "2026-11-20T10:00:05.000000Z"
    assert document["peak"] == {"records_per_second": 2, "bytes_per_second": 1_400_002}
    assert document["current"] is None
    assert document["operations"] == []
    assert document["hot_keys"] == []
    assert document["prices"]["planned"]["per_month"] > 0
    border = max(hash_key("a"), hash_key("b"))
    assert document["planned"] == {
        "shards": 2,
        "over_limit_shard_seconds": 0,
        "starting_hash_keys": ["0", str(border)],
    }
    assert document["uniform"]["over_limit_shard_seconds"] == 0
    assert json.loads(json.dumps(document)) == document


def test_bytes_are_those_of_the_data_and_of_the_key_as_utf_8(tmp_path):
    with trace_of(tmp_path / "trace", [put(1, "ключ", b"12345", 0)]) as trace:
        assert shards(trace, source="kinesis:orders").peak_bytes_per_second == 5 + 8


def test_a_record_captured_twice_counts_once(tmp_path):
    once = put(1, "a", LARGE, 0)
    again = replace(once, received_at=at(60))
    with trace_of(tmp_path / "trace", [once, again]) as trace:
        assert shards(trace, source="kinesis:orders").peak_records_per_second == 1


def test_the_open_shards_are_the_current_layout_and_the_calls_start_from_them(two_busy_keys):
    describe(two_busy_keys, [0])
    plan = shards(two_busy_keys, source="kinesis:orders")
    document = plan.document()
    assert document["current"]["shards"] == 1
    assert document["current"]["over_limit_shard_seconds"] == 1
    assert [call["operation"] for call in document["operations"]] == ["SplitShard"]
    assert document["operations"][0]["ShardToSplit"] == IDS[0]
    assert document["operations"][0]["NewStartingHashKey"] == str(plan.planned.starts[1])


def test_a_stream_that_already_parts_the_keys_is_left_as_it_is(two_busy_keys):
    low, high = sorted((hash_key("a"), hash_key("b")))
    describe(two_busy_keys, [0, (low + high) // 2])
    plan = shards(two_busy_keys, source="kinesis:orders")
    assert plan.operations == ()
    assert plan.planned == plan.current


def test_a_hot_key_has_a_range_of_its_own_and_no_even_count_holds(tmp_path):
    puts = [put(number, "hot", b"", 0.0001 * number) for number in range(1_600)]
    puts += [put(5_000 + number, f"cold-{number}", b"", 0) for number in range(8)]
    with trace_of(tmp_path / "trace", puts) as trace:
        document = shards(trace, source="kinesis:orders").document()
    (hot,) = document["hot_keys"]
    assert (hot["partition_key"], hot["records_per_second"], hot["salt_factor"]) == (
        "hot",
        1_600,
        2,
    )
    assert hot["bytes_per_second"] == 4_800
    assert "order is kept only among records of the same salt" in hot["salting_costs"]
    assert document["salted"]["still_hot"] == []
    assert document["salted"]["planned"]["over_limit_shard_seconds"] == 0
    assert document["uniform"] == {
        "shards": None,
        "over_limit_shard_seconds": None,
        "starting_hash_keys": None,
    }
    assert document["planned"]["over_limit_shard_seconds"] == 1
    starts = [int(start) for start in document["planned"]["starting_hash_keys"]]
    owner = {
        key: sum(start <= hash_key(key) for start in starts)
        for key in ["hot", *(f"cold-{number}" for number in range(8))]
    }
    assert list(owner.values()).count(owner["hot"]) == 1
    assert len(starts) <= 3


def test_headroom_raises_the_salt_factor(tmp_path):
    puts = [put(number, "hot", b"", 0.0001 * number) for number in range(1_600)]
    with trace_of(tmp_path / "trace", puts) as trace:
        plan = shards(trace, source="kinesis:orders", headroom=2)
        assert plan.hot_keys[0].salt_factor == 4


def test_only_the_span_that_was_asked_for_counts(two_busy_keys):
    before = shards(two_busy_keys, source="kinesis:orders", until=at(0.1))
    after = shards(two_busy_keys, source="kinesis:orders", since=at(0.2))
    assert before.peak_records_per_second == 1
    assert (after.from_at, after.to_at) == (at(0.2), at(5))


def test_records_without_a_place_are_left_out_and_counted(tmp_path):
    placed = put(1, "a", b"1", 0)
    puts = [placed, replace(put(2, "a", b"2", 0), source_at=None)]
    puts += [replace(put(number, "a", b"3", 0), ordering_key=None) for number in (3, 4)]
    with trace_of(tmp_path / "trace", puts) as trace:
        plan = shards(trace, source="kinesis:orders")
    assert plan.peak_records_per_second == 1
    assert plan.document()["left_out"] == {"without_source_at": 1, "without_partition_key": 2}


def test_a_burst_across_two_wall_clock_seconds_shows_in_sliding_seconds_only(tmp_path):
    puts = [put(1, "a", LARGE, 0.9), put(2, "a", LARGE, 1.1)]
    with trace_of(tmp_path / "trace", puts) as trace:
        plan = shards(trace, source="kinesis:orders")
    assert plan.planned.over_limit_shard_seconds == 0
    assert plan.document()["sliding"]["planned"] == 1


def test_the_frame_has_a_row_for_each_shard_and_second_with_traffic(two_busy_keys):
    describe(two_busy_keys, even_starts(2))
    frame = shards(two_busy_keys, source="kinesis:orders").to_frame()
    assert frame.columns == ["shard", "second", "records", "bytes", "share_of_limit"]
    assert frame.schema["second"] == pl.Datetime("us", "UTC")
    owner = {key: IDS[int(hash_key(key) >= SPACE // 2)] for key in "ab"}
    assert set(frame["shard"]) == set(owner.values())
    assert frame["second"].min() == T0
    assert frame["records"].sum() == 3
    assert frame["share_of_limit"].to_list() == (frame["bytes"] / 1_048_576).to_list()


def test_the_frame_falls_back_on_the_captured_shards_where_ranges_are_unknown(two_busy_keys):
    frame = shards(two_busy_keys, source="kinesis:orders").to_frame()
    assert frame.columns == ["shard", "second", "records", "bytes", "share_of_limit"]
    assert frame["shard"].unique().to_list() == ["shard-0"]
    assert frame["share_of_limit"].max() > 1


@pytest.mark.parametrize(
    ("puts", "source", "found"),
    [
        ([message("m-1", {})], "sqs:orders", "sqs:orders"),
        (
            [replace(put(1, "a", b"", 0), ordering_key=None)],
            "kinesis:orders",
            "without a partition key",
        ),
        ([replace(put(1, "a", b"", 0), source_at=None)], "kinesis:orders", "without an arrival"),
        ([put(1, "a", b"", 0)], "kinesis:payments", "kinesis:payments"),
    ],
)
def test_what_has_no_shards_to_plan_is_refused_in_a_sentence(tmp_path, puts, source, found):
    with (
        trace_of(tmp_path / "trace", puts) as trace,
        pytest.raises(UsageError, match=found) as refused,
    ):
        shards(trace, source=source)
    assert "\n" not in str(refused.value)


def test_a_queue_with_message_groups_is_not_taken_for_a_stream(tmp_path):
    grouped = replace(message("m-1", {}), ordering_key="group")
    with (
        trace_of(tmp_path / "trace", [grouped]) as trace,
        pytest.raises(UsageError, match="Kinesis"),
    ):
        shards(trace, source="sqs:orders")


def test_a_span_without_records_is_refused(two_busy_keys):
    with pytest.raises(UsageError, match="found none"):
        shards(two_busy_keys, source="kinesis:orders", since=at(1_000))


def test_skewed_keys_need_far_fewer_planned_ranges_than_even_shards():
    rng = np.random.default_rng(7)
    weight = np.arange(1, 20_001) ** -0.8
    drawn = rng.choice(20_000, size=20_000 * 20, p=weight / weight.sum())
    puts = [(f"key-{key}", at // 20_000 * 1_000_000, 100) for at, key in enumerate(drawn.tolist())]
    load = load_of(puts)
    runs = runs_to_cut(load.seconds, len(load.hash_keys))
    ranges = fewest_ranges(runs, load.hash_keys)
    even = fewest_even(runs, load.limbs, len(ranges), DOCUMENTED.shards)
    assert 21 <= len(ranges) <= 23
    assert even is not None
    assert len(ranges) <= 0.5 * even


def test_what_readers_lanes_and_a_burst_need_is_in_the_plan(two_busy_keys):
    document = shards(two_busy_keys, source="kinesis:orders", burst=1.5, readers=6).document()
    assert document["readers"]["fan_out_advised"]
    assert document["readers"]["interval_ms"] == 1_200
    assert document["burst"]["factor"] == 1.5
    assert document["lanes"] == []
    assert document["aggregation"]["records"] == 3


def test_an_on_demand_stream_gets_no_calls(two_busy_keys):
    summary = {
        "StreamDescriptionSummary": {
            "StreamARN": STREAM,
            "StreamModeDetails": {"StreamMode": "ON_DEMAND"},
            "OpenShardCount": 1,
        }
    }
    describe(two_busy_keys, [0])
    writer = TraceWriter(two_busy_keys.path, "import", [], lambda: T0)
    writer.append_resources([Resource(STREAM, "describe-stream-summary", T0, json.dumps(summary))])
    writer.close()

    document = shards(two_busy_keys.refresh(), source="kinesis:orders").document()
    assert document["mode"] == "ON_DEMAND"
    assert document["operations"] == []
    assert document["prices"]["on_demand"]["per_month"] > 0


def test_the_load_over_the_hash_space_adds_up(two_busy_keys):
    plan = shards(two_busy_keys, source="kinesis:orders")
    frame, cuts = plan.load_by_hash(8), plan.cuts("planned")
    assert frame["records"].sum() == 3
    assert set(frame["bin"]) <= set(range(8))
    assert cuts["position"].to_list()[0] == 0.0
    assert len(cuts) == len(plan.planned.starts)


@pytest.mark.parametrize("wrong", [{"headroom": 0.5}, {"burst": 0}, {"readers": -1}])
def test_a_setting_that_cannot_be_is_refused(two_busy_keys, wrong):
    with pytest.raises(UsageError, match=f"{next(iter(wrong))}|readers"):
        shards(two_busy_keys, source="kinesis:orders", **wrong)
