"""What the captured configuration says that a price depends on; the newest snapshot wins."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from connectors.record import Resource
from tests.factories import LOG_GROUP, QUEUE, STREAM, TOPIC, instant, sqs_message, write_trace
from workbench.tune.cost.settings import Consumer, Function, Settings, Stream, read_settings


def resource(source: str, kind: str, document: Any, seconds: float = 0) -> Resource:
    return Resource(source, kind, instant(seconds), json.dumps(document))


def settings_of(folder: Path, *resources: Resource) -> Settings:
    with write_trace(folder / "t.trace", [sqs_message()], resources) as trace:
        return read_settings(trace)


def test_a_function_is_known_by_its_log_group(tmp_path: Path) -> None:
    kind = "get-function-configuration"
    plain = {
        "FunctionName": "charge",
        "Architectures": ["arm64"],
        "EphemeralStorage": {"Size": 1024},
    }
    image = {"FunctionName": "b", "PackageType": "Image", "LoggingConfig": {"LogGroup": "/mine"}}
    custom = {"FunctionName": "c", "Runtime": "provided.al2023"}

    found = settings_of(
        tmp_path,
        *(resource(LOG_GROUP, kind, each, n) for n, each in enumerate((plain, image, custom))),
    ).functions

    assert found == {
        "/aws/lambda/charge": Function("arm64", "zip", 1024, is_known=True),
        "/mine": Function("x86_64", "image", 512, is_known=True),
        "/aws/lambda/c": Function("x86_64", "custom_runtime", 512, is_known=True),
    }


def test_a_streams_newest_mode_and_its_open_shards_count(tmp_path: Path) -> None:
    modes = [
        {
            "StreamDescriptionSummary": {
                "StreamModeDetails": {"StreamMode": mode},
                "RetentionPeriodHours": 48,
            }
        }
        for mode in ("PROVISIONED", "ON_DEMAND")
    ]
    shards = [
        {
            "Shards": [
                {"ShardId": str(n), "SequenceNumberRange": {"StartingSequenceNumber": "1"}}
                for n in range(count)
            ]
        }
        for count in (1, 3)
    ]

    found = settings_of(
        tmp_path,
        *(resource(STREAM, "describe-stream-summary", mode, n) for n, mode in enumerate(modes)),
        *(resource(STREAM, "list-shards", listed, n) for n, listed in enumerate(shards)),
    )

    assert found.streams == {STREAM: Stream("ON_DEMAND", 48, is_known=True)}
    assert found.shards == {STREAM: 3}


def test_subscriptions_count_by_protocol_once_they_are_confirmed(tmp_path: Path) -> None:
    listed = [
        {"SubscriptionArn": arn, "Protocol": protocol, "TopicArn": TOPIC, "Endpoint": "x"}
        for arn, protocol in (
            (f"{TOPIC}:1", "sqs"),
            (f"{TOPIC}:2", "sqs"),
            ("PendingConfirmation", "https"),
        )
    ]

    found = settings_of(
        tmp_path, resource(TOPIC, "list-subscriptions-by-topic", {"Subscriptions": listed})
    )

    assert found.protocols == {TOPIC: Counter(sqs=2)}


def test_a_mapping_that_is_disabled_asks_for_nothing_and_provisioned_pollers_are_told(
    tmp_path: Path,
) -> None:
    mappings = [
        {
            "UUID": name,
            "EventSourceArn": QUEUE,
            "FunctionArn": f"arn:aws:lambda:us-east-1:111111111111:function:{name}",
            "State": state,
            **more,
        }
        for name, state, more in (
            ("a", "Enabled", {"ProvisionedPollerConfig": {"MinimumPollers": 3}}),
            ("b", "Disabled", {}),
            ("c", "Enabled", {}),
        )
    ]

    found = settings_of(
        tmp_path, resource(QUEUE, "list-event-source-mappings", {"EventSourceMappings": mappings})
    ).consumers

    group = "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/"
    assert found == {QUEUE: (Consumer(f"{group}a", 3), Consumer(f"{group}c", None))}


def test_the_class_of_a_log_group_is_told_and_what_is_no_document_is_left_out(
    tmp_path: Path,
) -> None:
    groups = [
        {"logGroupName": "/cheap", "logGroupClass": "INFREQUENT_ACCESS"},
        {"logGroupName": "/dear", "logGroupClass": "STANDARD"},
    ]

    found = settings_of(
        tmp_path,
        resource(LOG_GROUP, "describe-log-groups", {"logGroups": groups}),
        Resource(LOG_GROUP, "describe-stream", instant(1), "no JSON"),
        resource(LOG_GROUP, "describe-stream", [1], 2),
    )

    assert found == Settings(infrequent=frozenset({"/cheap"}))
