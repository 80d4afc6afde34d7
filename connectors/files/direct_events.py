"""Events that a caller gives a function itself, not a source that we read: the whole event is the body.

S3 Batch Operations, S3 Object Lambda, authorizers, dashboard widgets; and the input that a person wrote for a
schedule, a rule or a call of a function, which may be any JSON and is told by `--source` alone. Their sources:

| event | source (derived where AWS's own ARN is not in the event) |
|---|---|
| authorizer | `arn:aws:execute-api:REGION:ACCOUNT:API/authorizers` |
| S3 Batch Operations | `arn:aws:s3:::job/ID`: the event says neither Region nor account |
| S3 Object Lambda | its access point (observed) |
| dashboard widget | `arn:aws:cloudwatch::ACCOUNT:dashboard/NAME` |
| input of a schedule, rule, call | what the user says |
"""

import re
from hashlib import blake2b
from typing import Any

from connectors.answers import compact_json
from connectors.files.members import BODY_ENCODING, list_of, object_of, text_of
from connectors.files.origin import Origin, Skip
from connectors.record import Record, Service

_API = re.compile(r"(arn:[^:]*:execute-api:[^:]*:[^:]*:[^/]+)/")
_WRITTEN_FOR = re.compile(
    r"arn:[^:]*:(?:(scheduler):[^:]*:[^:]*:schedule/|(events):[^:]*:[^:]*:rule/)"
)


def authorizer_request(event: dict[str, Any], origin: Origin) -> Record | Skip:
    """A request to a Lambda authorizer, of type TOKEN or REQUEST.

    Source: API Gateway developer guide, "Input to a Lambda authorizer".
    """
    api = _API.match(text_of(event, "methodArn") or text_of(event, "routeArn") or "")
    source_arn = origin.arn(f"{api[1]}/authorizers" if api else None, "execute-api")
    if source_arn is None:
        return Skip("a request to a Lambda authorizer that names no API: pass --source ARN")
    request_id = text_of(object_of(event, "requestContext"), "requestId")
    return _direct(event, origin, Service.APIGATEWAY, source_arn, request_id)


def batch_job(event: dict[str, Any], origin: Origin) -> Record | Skip:
    """A task of a job of S3 Batch Operations.

    Source: S3 user guide, "Invoke AWS Lambda function".
    """
    job_id = text_of(object_of(event, "job"), "id")
    tasks = list_of(event, "tasks") or [{}]
    task_id, invocation_id = text_of(tasks[0], "taskId"), text_of(event, "invocationId")
    source_arn = origin.arn(f"arn:aws:s3:::job/{job_id}" if job_id else None, "s3")
    if source_arn is None:
        return Skip("a job of S3 Batch Operations without its id: pass --source ARN")
    record_id = ":".join(filter(None, (invocation_id, task_id))) or None
    return _direct(event, origin, Service.S3, source_arn, record_id)


def object_request(event: dict[str, Any], origin: Origin) -> Record | Skip:
    """A request of S3 Object Lambda.

    Source: S3 user guide, "Event context format and usage".
    """
    said = text_of(object_of(event, "configuration"), "accessPointArn")
    source_arn = origin.arn(said, "s3-object-lambda")
    if source_arn is None:
        return Skip("a request of S3 Object Lambda that names no access point: pass --source ARN")
    request_id = text_of(event, "xAmzRequestId")
    return _direct(event, origin, "aws:s3-object-lambda", source_arn, request_id)


def widget_request(event: dict[str, Any], origin: Origin) -> Record | Skip:
    """A request of a custom widget on a CloudWatch dashboard.

    Source: CloudWatch user guide, "Custom widget".
    """
    context = object_of(event, "widgetContext")
    account, name = text_of(context, "accountId"), text_of(context, "dashboardName")
    derived = f"arn:aws:cloudwatch::{account}:dashboard/{name}" if account and name else None
    source_arn = origin.arn(derived, "cloudwatch")
    if source_arn is None:
        return Skip("a request of a CloudWatch dashboard widget without its dashboard")
    return _direct(event, origin, "aws:cloudwatch", source_arn, None)


def written_input(event: Any, number: int, origin: Origin) -> Record | None:
    """The input that somebody wrote for a schedule or rule; None where the user names neither.

    Args:
        event: any JSON.
        number: of its line or place: equal inputs are several events.
        origin: whose source is the schedule or rule.

    Source: EventBridge Scheduler user guide, "Managing targets"; EventBridge user guide, "Input transformation".
    """
    named = _WRITTEN_FOR.match(origin.source_arn or "")
    if named is None or origin.source_arn is None:
        return None
    service = f"aws:{named[1] or named[2]}"
    return _direct(event, origin, service, origin.source_arn, None, number)


def called_with(event: Any, function_arn: str, request_id: str, origin: Origin) -> Record:
    """The event of a call that failed, of a shape that no source of ours has."""
    return _direct(event, origin, "aws:lambda", function_arn, request_id)


def _direct(
    event: Any,
    origin: Origin,
    service: str,
    source_arn: str,
    record_id: str | None,
    number: int = 0,
) -> Record:
    body = compact_json(event).encode()
    told_apart = blake2b(b"%d\0" % number + body, digest_size=16).hexdigest()
    return origin.record(
        service=service,
        source_arn=source_arn,
        record_id=record_id or told_apart,
        body=body,
        envelope={BODY_ENCODING: "event"},
    )
