"""Configuration as connectors keep it: which function consumes a source, where a queue's dead letters go."""

import json
from collections.abc import Sequence

from connectors.record import Resource
from tests.workbench.findings.traces import T0


def mapped(
    source_arn: str, function: str, number: int = 1, response_types: Sequence[str] = ()
) -> Resource:
    """An event source mapping, as GetEventSourceMapping answers."""
    document = {
        "UUID": f"{function}-{number}",
        "EventSourceArn": source_arn,
        "FunctionArn": f"arn:aws:lambda:us-east-1:111111111111:function:{function}",
        "FunctionResponseTypes": list(response_types),
    }
    return Resource(source_arn, "get-event-source-mapping", T0, json.dumps(document))


def queue_attributes(queue_arn: str, **attributes: str) -> Resource:
    """Attributes of a queue, as GetQueueAttributes answers."""
    return Resource(queue_arn, "get-queue-attributes", T0, json.dumps({"Attributes": attributes}))


def dead_letters_to(
    queue_arn: str, dead_letter_arn: str, most: int = 3, visibility_s: int = 30
) -> Resource:
    """A queue with a redrive policy."""
    policy = json.dumps({"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": most})
    return queue_attributes(queue_arn, RedrivePolicy=policy, VisibilityTimeout=str(visibility_s))
