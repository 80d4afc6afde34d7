"""What invokes a function by its template, and which mapping hands it what is replayed."""

import pytest

from tests.workbench.replay.functions.templates import (
    CLOUDFORMATION,
    SAM,
    STREAM,
    TABLE_STREAM,
    only,
    told,
)
from workbench.errors import UsageError
from workbench.mapping import EventSourceMapping


@pytest.mark.parametrize(("stage", "retries"), [("dev", 2), ("prod", 10)])
def test_the_event_of_the_replayed_stream_is_the_mapping(tmp_path, stage, retries):
    said = {"Stage": stage, "Dead": "https://dead", "Dead.Arn": "arn:aws:sqs:eu-west-1:1:dead"}
    found = told(tmp_path, SAM, STREAM, function="Charge", parameters=said)
    assert EventSourceMapping.from_aws(found.mapping).completed("kinesis") == EventSourceMapping(
        batch_size=50,
        bisect_batch_on_function_error=True,
        maximum_retry_attempts=retries,
        tumbling_window_in_seconds=60,
        starting_position="TRIM_HORIZON",
        on_failure_arn="arn:aws:sqs:eu-west-1:1:dead",
    ).completed("kinesis")
    assert found.stream == {"RetentionPeriodHours": 48}
    assert not [note for note in found.notes if "clicks" in note]


def test_a_source_called_otherwise_is_taken_for_the_only_one_of_its_kind_and_said(tmp_path):
    found = told(tmp_path, SAM, TABLE_STREAM)
    assert found.mapping["ParallelizationFactor"] == 4
    assert "stock is taken for Stock, the template's only dynamodb source" in found.notes
    assert found.configuration["Environment"]["Variables"]["TABLE"] == "stock"


def test_every_event_of_the_function_is_known_by_its_type(tmp_path):
    kinds = {each.path.split(".")[4]: each.kind for each in told(tmp_path, SAM).events}
    assert kinds == {
        "Queue": "sqs",
        "Clicks": "kinesis",
        "Stock": "dynamodb",
        "Night": "Schedule",
        "Api": "Api",
        "Upload": "S3",
        "Rule": "EventBridgeRule",
        "Log": "CloudWatchLogs",
        "News": "SNS",
    }


@pytest.mark.parametrize(
    ("source", "batch_size"),
    [
        ("arn:aws:sqs:eu-west-1:111111111111:payments", 7),
        ("arn:aws:sqs:eu-west-1:111111111111:shop-Refunds-XYZ", 8),
        (STREAM, 9),
    ],
)
def test_cloudformations_mappings_are_found_by_function_alias_consumer_and_arn(
    tmp_path, source, batch_size
):
    found = told(tmp_path, CLOUDFORMATION, source)
    assert found.mapping["BatchSize"] == batch_size
    assert found.configuration["FunctionName"] == "charge"
    assert found.invoke_config == {"MaximumRetryAttempts": 0}


def test_a_mapping_that_is_not_enabled_is_said(tmp_path):
    source = "arn:aws:sqs:eu-west-1:111111111111:Refunds"
    assert any("not enabled" in note for note in told(tmp_path, CLOUDFORMATION, source).notes)


def test_several_mappings_that_could_be_meant_are_named_and_a_parameter_decides(tmp_path):
    source = "arn:aws:sqs:eu-west-1:111111111111:prod-dlq"
    with pytest.raises(UsageError, match=r"found Resources\.OfQueue\.Properties, Refunds; say"):
        told(tmp_path, CLOUDFORMATION, source)
    found = told(tmp_path, CLOUDFORMATION, source, parameters={"Refunds.Arn": source})
    assert found.mapping["BatchSize"] == 8


def test_without_a_mapping_of_the_kind_awss_defaults_hold_and_that_is_said(tmp_path):
    found = told(tmp_path, only(Handler="app.handle", Runtime="python3.12", CodeUri="src"))
    assert found.mapping == {}
    assert "AWS's defaults hold" in found.notes[0]


def test_a_topics_own_queue_is_a_mapping_of_its_own(tmp_path):
    event = {"Type": "SNS", "Properties": {"Topic": "arn:t", "SqsSubscription": {"BatchSize": 3}}}
    source = "arn:aws:sqs:eu-west-1:111111111111:shop-FNewsQueue-1A2B"
    found = told(tmp_path, only(CodeUri="src", Events={"News": event}), source)
    assert found.mapping == {"EventSourceArn": source, "BatchSize": 3}
    assert not [note for note in found.notes if "taken for" in note]
