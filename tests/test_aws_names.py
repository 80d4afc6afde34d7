"""AWS's names are held against AWS's own models, which botocore ships, and not against memory."""

import botocore.exceptions
import botocore.session
import pytest

from connectors.access import ALLOW, classify
from connectors.errors import ConnectorError
from workbench.mapping import MEMBER_PATHS, EventSourceMapping

MODELS = botocore.session.Session()
OPERATIONS = sorted({(rule.service, rule.operation) for rule in ALLOW})
IGNORED_MAPPING_MEMBERS = {
    "UUID": "identity of the mapping, no behaviour",
    "EventSourceMappingArn": "identity",
    "EventSourceArn": "names the source",
    "FunctionArn": "names the function",
    "LastModified": "history",
    "LastProcessingResult": "history",
    "State": "a captured mapping is replayed, enabled or not",
    "StateTransitionReason": "history",
    "KMSKeyArn": "encrypts the filter, changes no delivery",
    "FilterCriteriaError": "history",
    "MetricsConfig": "metrics only",
    "LoggingConfig": "logging of the mapping itself",
    "Topics": "Kafka",
    "Queues": "Amazon MQ",
    "SourceAccessConfigurations": "Kafka and Amazon MQ",
    "SelfManagedEventSource": "Kafka",
    "AmazonManagedKafkaEventSourceConfig": "Kafka",
    "SelfManagedKafkaEventSourceConfig": "Kafka",
    "DocumentDBEventSourceConfig": "DocumentDB",
}


def model(service: str) -> object:
    return MODELS.get_service_model(service)


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_every_operation_on_the_allowlist_is_one_of_aws_s(service: str, operation: str) -> None:
    assert operation in model(service).operation_names


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_every_error_that_an_operation_may_answer_becomes_one_of_ours(
    service: str, operation: str
) -> None:
    for shape in model(service).operation_model(operation).error_shapes:
        code = shape.metadata.get("error", {}).get("code", shape.name)
        error = botocore.exceptions.ClientError(
            {"Error": {"Code": code, "Message": "because"}}, operation
        )

        ours = classify(error, f"{service} {operation}")

        assert isinstance(ours, ConnectorError)
        assert "\n" not in str(ours)


def test_every_member_of_a_mapping_is_honoured_or_left_out_for_a_reason() -> None:
    members = model("lambda").shape_for("EventSourceMappingConfiguration").members
    ours = EventSourceMapping.__dataclass_fields__

    honoured = {MEMBER_PATHS[name][0] for name in ours}

    assert set(members) - honoured == set(IGNORED_MAPPING_MEMBERS)
    for name in ours:
        shape = None
        for member in MEMBER_PATHS[name]:
            shape = (shape.members if shape else members)[member]
