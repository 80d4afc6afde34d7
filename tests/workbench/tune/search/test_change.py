"""A change is said in commands that AWS's own command line takes, and as CloudFormation."""

import shlex
from json import loads
from typing import Any

import pytest
import yaml

from tests.workbench.tune.search.plain import queue
from workbench.tune.search.candidates import changed
from workbench.tune.search.change import Place, cloudformation, commands

PLACE = Place("arn:aws:sqs:eu-west-1:123456789012:orders", "take-orders", "abc-1", "arn:dlq")


def told(changes: dict[str, Any]) -> tuple[str, ...]:
    return commands(PLACE, changed(queue(), changes), changes)


def test_a_change_of_everything_is_four_commands_the_queue_first() -> None:
    changes = {
        "batch_size": 5,
        "maximum_batching_window_in_seconds": 1,
        "maximum_concurrency": 20,
        "reserved_concurrency": 20,
        "memory_mb": 1_024,
        "visibility_timeout_s": 180,
        "max_receive_count": 3,
    }

    queue_line, mapping_line, size_line, concurrency_line = told(changes)

    words = shlex.split(queue_line)
    assert words[:3] == ["aws", "sqs", "set-queue-attributes"]
    attributes = loads(words[-1])
    assert attributes["VisibilityTimeout"] == "180"
    assert loads(attributes["RedrivePolicy"]) == {
        "deadLetterTargetArn": "arn:dlq",
        "maxReceiveCount": 3,
    }
    assert mapping_line == (
        "aws lambda update-event-source-mapping --uuid abc-1 --batch-size 5 "
        "--maximum-batching-window-in-seconds 1 --scaling-config MaximumConcurrency=20"
    )
    assert size_line == (
        "aws lambda update-function-configuration --function-name take-orders --memory-size 1024"
    )
    assert concurrency_line.endswith("--reserved-concurrent-executions 20")


def test_nothing_changed_is_no_command() -> None:
    assert told({}) == ()
    assert cloudformation(PLACE, queue(), {}) == ""


def test_a_limit_is_taken_away() -> None:
    settings = queue(reserved_concurrency=5)
    changes = {"maximum_concurrency": None, "reserved_concurrency": None}

    lines = commands(PLACE, changed(settings, changes), changes)

    assert shlex.split(lines[0])[-2:] == ["--scaling-config", "{}"]
    assert lines[1] == "aws lambda delete-function-concurrency --function-name take-orders"


def test_cloudformation_is_yaml_of_the_properties_that_change() -> None:
    changes = {"batch_size": 5, "maximum_concurrency": 20, "visibility_timeout_s": 180}

    document = yaml.safe_load(cloudformation(PLACE, changed(queue(), changes), changes))

    assert document["Resources"]["Mapping"]["Properties"] == {
        "BatchSize": 5,
        "ScalingConfig": {"MaximumConcurrency": 20},
    }
    assert document["Resources"]["Queue"]["Properties"] == {"VisibilityTimeout": 180}
    assert "Function" not in document["Resources"]


@pytest.mark.parametrize("changes", [{"batch_size": 5}, {"maximum_concurrency": 20}])
def test_botocore_takes_what_the_command_says(changes: dict[str, int]) -> None:
    import boto3

    client = boto3.client("lambda", region_name="eu-west-1")
    shape = client.meta.service_model.operation_model("UpdateEventSourceMapping").input_shape
    options = shlex.split(told(changes)[0])[3::2]

    known = {name.lower() for name in shape.members}
    assert {option.removeprefix("--").replace("-", "") for option in options} <= known
