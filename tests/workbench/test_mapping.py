"""The mapping and its batches: AWS's limits, and laws that hold for any arrivals."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import UsageError
from workbench.mapping import (
    EVENT_BYTES_EMPTY,
    Arrival,
    BatchLimits,
    EventSourceMapping,
    close_batch,
    form_batches,
)

T0 = datetime(2026, 11, 20, 10, tzinfo=UTC)


def at(seconds):
    return T0 + timedelta(seconds=seconds)


def arrivals_at(*seconds, size_bytes=100):
    return [Arrival(at(second), size_bytes) for second in seconds]


def closings(arrivals, **limits):
    return list(form_batches(arrivals, BatchLimits(**limits)))


arrivals = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 400)), min_size=1, max_size=60
).map(lambda drawn: [Arrival(at(second), size) for second, size in sorted(drawn)])
limits = st.builds(
    BatchLimits,
    batch_size=st.integers(1, 12),
    window=st.sampled_from([0, 1, 5, 30]).map(lambda seconds: timedelta(seconds=seconds)),
    payload_bytes=st.integers(50, 2_000),
    window_start=st.sampled_from(["previous_completion", "first_record"]),
)


def batches_of(arrivals, limits):
    begin = 0
    for closing in form_batches(arrivals, limits):
        yield closing, arrivals[begin : begin + closing.count], arrivals[begin + closing.count :]
        begin += closing.count


def event_bytes(batch):
    return EVENT_BYTES_EMPTY + sum(each.size_bytes for each in batch) + len(batch) - 1


@settings(deadline=None)
@given(arrivals, limits)
def test_every_record_is_in_one_batch(arrivals, limits):
    assert sum(closing.count for closing in form_batches(arrivals, limits)) == len(arrivals)


@settings(deadline=None)
@given(arrivals, limits)
def test_no_batch_is_over_a_limit_but_one_of_a_single_record(arrivals, limits):
    for _, batch, _ in batches_of(arrivals, limits):
        assert len(batch) <= limits.batch_size
        assert len(batch) == 1 or event_bytes(batch) <= limits.payload_bytes


@settings(deadline=None)
@given(arrivals, limits)
def test_no_record_is_sent_before_it_arrived_and_none_waits_longer_than_a_window_for_others(
    arrivals, limits
):
    free_at = arrivals[0].at
    for closing, batch, _ in batches_of(arrivals, limits):
        assert closing.at >= batch[-1].at
        assert closing.at - max(batch[0].at, free_at) <= limits.window
        free_at = closing.at


@settings(deadline=None)
@given(arrivals, limits)
def test_no_batch_could_have_taken_one_record_more(arrivals, limits):
    for closing, batch, rest in batches_of(arrivals, limits):
        if rest:
            one_more = [*batch, rest[0]]
            assert (
                len(batch) == limits.batch_size
                or event_bytes(one_more) > limits.payload_bytes
                or rest[0].at > closing.at
            )


@settings(deadline=None)
@given(arrivals, limits)
def test_batches_are_sent_in_order(arrivals, limits):
    sent_at = [closing.at for closing in form_batches(arrivals, limits)]
    assert sent_at == sorted(sent_at)


def test_without_a_window_what_is_there_at_one_instant_is_read_together():
    found = closings(arrivals_at(0, 0, 0, 1), batch_size=10)
    assert [(each.count, each.closed_by) for each in found] == [(3, "poll"), (1, "poll")]


def test_a_full_batch_goes_at_once():
    (first, _) = closings(arrivals_at(0, 1, 2), batch_size=2, window=timedelta(seconds=60))
    assert (first.closed_by, first.at) == ("batch_size", at(1))


def test_the_next_window_opens_when_the_previous_invocation_ends():
    found = closings(arrivals_at(0, 1, 6, 11), batch_size=10, window=timedelta(seconds=5))
    assert [(each.count, each.at, each.closed_by) for each in found] == [
        (2, at(5), "window"),
        (1, at(10), "window"),
        (1, at(15), "end"),
    ]


def test_a_window_may_open_with_its_first_record():
    limits = BatchLimits(10, timedelta(seconds=5), window_start="first_record")
    assert [each.at for each in form_batches(arrivals_at(0, 1, 6, 11), limits)] == [at(5), at(11)]


def test_a_window_that_passed_empty_opens_again_at_the_next_arrival():
    found = closings(arrivals_at(0, 100, 104), batch_size=10, window=timedelta(seconds=5))
    assert [(each.count, each.at) for each in found] == [(1, at(5)), (2, at(105))]


def test_the_payload_limit_counts_the_whole_event():
    record, two = Arrival(T0, 100), EVENT_BYTES_EMPTY + 201
    fits = close_batch([record] * 2, BatchLimits(10, payload_bytes=two), T0)
    too_large = close_batch([record] * 2, BatchLimits(10, payload_bytes=two - 1), T0)
    assert (fits.count, too_large.count, too_large.closed_by) == (2, 1, "payload")


def test_a_batch_looks_at_no_more_than_one_record_past_its_end():
    looked_at = []

    def reading():
        for arrival in arrivals_at(0, 0, 0, 0, 9):
            looked_at.append(arrival)
            yield arrival

    close_batch(reading(), BatchLimits(3), T0)
    assert len(looked_at) <= 4


PATTERNS = ['{"data": {"paid": [true]}}', '{"partitionKey": [{"prefix": "a"}]}']

mappings = st.builds(
    EventSourceMapping,
    batch_size=st.none() | st.integers(1, 10),
    maximum_batching_window_in_seconds=st.none() | st.integers(0, 300),
    function_response_types=st.none() | st.sampled_from([(), ("ReportBatchItemFailures",)]),
    maximum_retry_attempts=st.none() | st.integers(-1, 10_000),
    maximum_record_age_in_seconds=st.none() | st.just(-1) | st.integers(60, 604_800),
    bisect_batch_on_function_error=st.none() | st.booleans(),
    parallelization_factor=st.none() | st.integers(1, 10),
    tumbling_window_in_seconds=st.none() | st.integers(0, 900),
    filters=st.none() | st.lists(st.sampled_from(PATTERNS), max_size=3).map(tuple),
    on_failure_arn=st.none() | st.just("arn:aws:sqs:eu-west-1:111122223333:failed"),
)


@settings(deadline=None)
@given(mappings)
def test_a_mapping_survives_the_way_to_aws_and_back(mapping):
    assert EventSourceMapping.from_aws(mapping.to_aws()) == mapping


@settings(deadline=None)
@given(mappings, mappings)
def test_of_two_mappings_the_later_wins_field_by_field(earlier, later):
    both = later.over(earlier)
    for field in fields(EventSourceMapping):
        said = getattr(later, field.name)
        assert getattr(both, field.name) == (getattr(earlier, field.name) if said is None else said)


@settings(deadline=None)
@given(mappings)
def test_a_completed_mapping_says_what_aws_answers_for_a_stream(mapping):
    said = mapping.completed("kinesis").to_aws()
    assert {"BatchSize", "MaximumRetryAttempts", "TumblingWindowInSeconds"} <= set(said)


def test_defaults_are_those_of_the_source():
    mapping = EventSourceMapping()
    assert mapping.completed("sqs").to_aws() == {
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
    }
    stream = mapping.completed("kinesis")
    assert (stream.batch_size, stream.maximum_retry_attempts) == (100, -1)


@pytest.mark.parametrize(
    ("kind", "mapping", "member"),
    [
        ("sqs", {"BatchSize": 0}, "BatchSize 0"),
        ("sqs", {"BatchSize": 10_001, "MaximumBatchingWindowInSeconds": 1}, "BatchSize 10001"),
        ("sqs", {"BatchSize": 11}, "Maximum batch window in seconds must be greater than 0"),
        ("sqs_fifo", {"BatchSize": 11}, "FIFO"),
        ("sqs_fifo", {"MaximumBatchingWindowInSeconds": 1}, "MaximumBatchingWindowInSeconds"),
        ("sqs", {"MaximumRetryAttempts": 2}, "MaximumRetryAttempts"),
        ("sqs", {"FunctionResponseTypes": ["Nonsense"]}, "FunctionResponseTypes"),
        ("kinesis", {"MaximumBatchingWindowInSeconds": 301}, "MaximumBatchingWindowInSeconds 301"),
        ("kinesis", {"MaximumRetryAttempts": -2}, "MaximumRetryAttempts -2"),
        ("kinesis", {"MaximumRecordAgeInSeconds": 59}, "MaximumRecordAgeInSeconds 59"),
        ("kinesis", {"MaximumRecordAgeInSeconds": 0}, "MaximumRecordAgeInSeconds 0"),
        ("kinesis", {"ParallelizationFactor": 11}, "ParallelizationFactor 11"),
        ("kinesis", {"TumblingWindowInSeconds": 901}, "TumblingWindowInSeconds 901"),
        ("sqs", {"TumblingWindowInSeconds": 30}, "TumblingWindowInSeconds: unsupported parameter"),
        ("kinesis", {"ScalingConfig": {"MaximumConcurrency": 2}}, "MaximumConcurrency: unsupp"),
        ("sqs", {"ScalingConfig": {"MaximumConcurrency": 1}}, "MaximumConcurrency 1"),
        ("sqs", {"ProvisionedPollerConfig": {"MinimumPollers": 300}}, "MinimumPollers 300"),
        (
            "sqs",
            {
                "ProvisionedPollerConfig": {"MinimumPollers": 2},
                "ScalingConfig": {"MaximumConcurrency": 2},
            },
            "MaximumConcurrency cannot be combined",
        ),
        ("dynamodb", {"StartingPosition": "AT_TIMESTAMP"}, "StartingPosition AT_TIMESTAMP"),
        ("kinesis", {"StartingPosition": "AT_TIMESTAMP"}, "StartingPositionTimestamp"),
        (
            "sqs",
            {"FilterCriteria": {"Filters": [{"Pattern": '{"body": "paid"}'}]}},
            "FilterCriteria: Invalid filter pattern definition",
        ),
        (
            "kinesis",
            {"FilterCriteria": {"Filters": [{"Pattern": "{}"}] * 11}},
            "FilterCriteria: 11 filters",
        ),
    ],
)
def test_what_aws_would_refuse_is_refused_by_name(kind, mapping, member):
    with pytest.raises(UsageError, match=member):
        EventSourceMapping.from_aws(mapping).completed(kind)


@pytest.mark.parametrize(
    "document",
    [
        {"Filters": "x", "FilterCriteria": {"Filters": [{"Pattern": 3}]}},
        {"StartingPositionTimestamp": "yesterday"},
        {"BatchSize": "10"},
        {"FunctionResponseTypes": "ReportBatchItemFailures"},
    ],
)
def test_a_member_of_the_wrong_type_is_refused_by_name(document):
    with pytest.raises(UsageError, match=next(iter(document))):
        EventSourceMapping.from_aws(document)


def test_what_changes_nothing_for_a_handler_is_read_over():
    document = {"BatchSize": 3, "UUID": "u", "MetricsConfig": {}, "State": "Enabled"}
    assert EventSourceMapping.from_aws(document) == EventSourceMapping(batch_size=3)
