"""Settings: the trace's snapshots, overlaid field by field with what the user says."""

import json
from datetime import timedelta

import pytest

from connectors.record import Resource
from tests.factories import (
    QUEUE,
    SHARD,
    STREAM,
    instant,
    kinesis_record,
    sqs_message,
    write_trace,
)
from workbench.errors import UsageError
from workbench.mapping import EventSourceMapping
from workbench.replay.functions.template import TemplateFunction
from workbench.replay.settings import QueueAttributes, settle

FUNCTION = "arn:aws:lambda:us-east-1:111111111111:function:charge"


def resource(kind, document, source=QUEUE, seconds=0):
    return Resource(source, kind, instant(seconds), json.dumps(document))


def mapping_of(source=QUEUE, **members):
    return {"UUID": "u", "EventSourceArn": source, "FunctionArn": FUNCTION, **members}


def settled(folder, *resources, source=QUEUE, **said):
    record = sqs_message(1, queue=source) if ":sqs:" in source else kinesis_record(1)
    with write_trace(folder / "t.trace", [record], resources) as trace:
        return settle(trace, source, "handlers", **said)


def test_without_a_word_aws_defaults_hold_but_for_timeout_and_memory(tmp_path):
    found = settled(tmp_path)
    assert found.mapping == EventSourceMapping().completed("sqs")
    assert (found.function.timeout_s, found.function.memory_size_mb) == (30, 512)
    assert (found.function.name, found.function.version) == ("handlers", "$LATEST")
    assert found.queue == QueueAttributes()


def test_the_traces_snapshots_count(tmp_path):
    attributes = {
        "VisibilityTimeout": "45",
        "MessageRetentionPeriod": "3600",
        "RedrivePolicy": '{"deadLetterTargetArn":"arn:x","maxReceiveCount":"7"}',
    }
    configuration = {
        "FunctionName": "charge",
        "FunctionArn": FUNCTION,
        "Timeout": 5,
        "MemorySize": 256,
        "Version": "12",
        "Environment": {"Variables": {"TABLE": "(not captured)"}},
    }
    found = settled(
        tmp_path,
        resource("get-queue-attributes", {"Attributes": attributes}),
        resource("list-event-source-mappings", {"EventSourceMappings": [mapping_of(BatchSize=5)]}),
        resource("get-function-configuration", configuration),
    )
    assert found.mapping.batch_size == 5
    assert found.queue == QueueAttributes(timedelta(seconds=45), timedelta(hours=1), 7)
    assert (found.function.name, found.function.version) == ("charge", "12")
    assert (found.function.timeout_s, found.function.memory_size_mb) == (5, 256)
    assert dict(found.function.environment) == {"TABLE": "(not captured)"}


def test_the_newest_snapshot_counts(tmp_path):
    older, newer = mapping_of(BatchSize=3), mapping_of(BatchSize=4)
    found = settled(
        tmp_path,
        resource("get-event-source-mapping", newer, seconds=9),
        resource("get-event-source-mapping", older),
    )
    assert found.mapping.batch_size == 4


def test_an_enabled_mapping_comes_before_a_disabled_one(tmp_path):
    listing = [mapping_of(BatchSize=3, State="Disabled"), mapping_of(BatchSize=4, State="Enabled")]
    found = settled(
        tmp_path, resource("list-event-source-mappings", {"EventSourceMappings": listing})
    )
    assert found.mapping.batch_size == 4


def test_what_the_user_says_wins_field_by_field(tmp_path):
    seen = mapping_of(BatchSize=5, FunctionResponseTypes=["ReportBatchItemFailures"])
    found = settled(
        tmp_path,
        resource("get-event-source-mapping", seen),
        resource("get-queue-attributes", {"Attributes": {"VisibilityTimeout": "45"}}),
        resource("get-function-configuration", {"FunctionArn": FUNCTION, "Timeout": 5}),
        mapping=EventSourceMapping(batch_size=2),
        queue_attributes={"Attributes": {"RedrivePolicy": {"maxReceiveCount": 3}}},
        function={"MemorySize": 1024, "Environment": {"Variables": {"A": "b"}}},
    )
    assert (found.mapping.batch_size, found.mapping.reports_failures) == (2, True)
    assert (found.queue.max_receive_count, found.queue.visibility_timeout.seconds) == (3, 45)
    assert (found.function.timeout_s, found.function.memory_size_mb) == (5, 1024)
    assert dict(found.function.environment) == {"A": "b"}


def test_a_template_counts_over_the_trace_and_under_the_users_word(tmp_path):
    told = TemplateFunction(
        logical_id="Charge",
        configuration={"Timeout": 9, "MemorySize": 256, "Environment": {"Variables": {"B": "t"}}},
        mapping={
            "EventSourceArn": QUEUE,
            "BatchSize": 6,
            "ScalingConfig": {"MaximumConcurrency": 3},
        },
        queue_attributes={"VisibilityTimeout": "60", "RedrivePolicy": '{"maxReceiveCount": 4}'},
        invoke_config={"MaximumRetryAttempts": 1},
    )
    variables = {"A": "(not captured)", "B": "(not captured)"}
    seen = {"FunctionArn": FUNCTION, "Timeout": 5, "Environment": {"Variables": variables}}
    found = settled(
        tmp_path,
        resource(
            "get-event-source-mapping", mapping_of(BatchSize=5, MaximumBatchingWindowInSeconds=2)
        ),
        resource("get-queue-attributes", {"Attributes": {"VisibilityTimeout": "45"}}),
        resource("get-function-configuration", seen),
        mapping={"BatchSize": 7},
        queue_attributes={"VisibilityTimeout": "90"},
        function={"MemorySize": 1024},
        template=told,
    )
    assert (found.mapping.batch_size, found.mapping.maximum_concurrency) == (7, 3)
    assert found.mapping.maximum_batching_window_in_seconds == 2
    assert (found.queue.visibility_timeout.seconds, found.queue.max_receive_count) == (90, 4)
    assert (found.function.timeout_s, found.function.memory_size_mb) == (9, 1024)
    assert dict(found.function.environment) == {"A": "(not captured)", "B": "t"}
    assert found.invoke.maximum_retry_attempts == 1


def test_a_template_names_the_function_and_keeps_a_stream(tmp_path):
    told = TemplateFunction(
        logical_id="Charge", configuration={}, mapping={}, stream={"RetentionPeriodHours": "72"}
    )
    found = settled(tmp_path, source=STREAM, template=told)
    assert (found.function.name, found.retention) == ("Charge", timedelta(hours=72))


def test_the_filters_of_the_trace_may_be_switched_off(tmp_path):
    filters = {"Filters": [{"Pattern": '{"body": {"paid": [true]}}'}]}
    seen = resource("get-event-source-mapping", mapping_of(FilterCriteria=filters))
    assert len(settled(tmp_path / "a", seen).mapping.filters) == 1
    assert settled(tmp_path / "b", seen, mapping={"FilterCriteria": {}}).mapping.filters is None


def test_a_function_imported_under_its_own_arn_is_found_with_or_without_qualifier(tmp_path):
    configuration = {"FunctionName": "charge", "FunctionArn": f"{FUNCTION}:12", "Timeout": 7}
    found = settled(
        tmp_path,
        resource("get-event-source-mapping", mapping_of(FunctionArn=f"{FUNCTION}:live")),
        resource("get-function-configuration", configuration, source=FUNCTION),
    )
    assert found.function.timeout_s == 7


def test_a_function_that_was_not_captured_still_has_its_name(tmp_path):
    found = settled(tmp_path, resource("get-event-source-mapping", mapping_of()))
    assert found.function.name == "charge"


def test_fifo_is_known_by_its_suffix_or_its_attribute():
    assert QueueAttributes.from_aws({}, f"{QUEUE}.fifo").fifo_queue
    assert QueueAttributes.from_aws({"FifoQueue": "true"}, QUEUE).fifo_queue
    assert not QueueAttributes.from_aws({}, QUEUE).fifo_queue


def test_a_stream_has_its_retention_and_its_lineage(tmp_path):
    shards = [
        {"ShardId": "shardId-1", "ParentShardId": SHARD},
        {"ShardId": SHARD},
    ]
    found = settled(
        tmp_path,
        resource("list-shards", {"Shards": shards}, STREAM),
        resource(
            "describe-stream-summary",
            {"StreamDescriptionSummary": {"RetentionPeriodHours": 48}},
            STREAM,
        ),
        source=STREAM,
    )
    assert found.retention == timedelta(hours=48)
    assert found.parents == {"shardId-1": (SHARD,), SHARD: ()}


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"queue_attributes": {"VisibilityTimeout": "soon"}}, "VisibilityTimeout"),
        ({"queue_attributes": {"RedrivePolicy": "nonsense"}}, "RedrivePolicy"),
        ({"function": {"Timeout": 901}}, "Timeout"),
        ({"function": {"MemorySize": 64}}, "MemorySize"),
    ],
)
def test_a_setting_that_cannot_be_right_is_named(tmp_path, said, named):
    with pytest.raises(UsageError, match=named):
        settled(tmp_path, **said)
