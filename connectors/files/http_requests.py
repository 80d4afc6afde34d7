"""HTTP requests that call a function: API Gateway (REST, HTTP, WebSocket), function URLs, load balancers.

Their ARNs are derived, for the events carry only parts of them: an API's is
`arn:aws:execute-api:REGION:ACCOUNT:API/STAGE`, a function URL's `arn:aws:lambda:REGION:ACCOUNT:function-url/ID`
(not AWS's: the event does not name its function), each with the Region where the domain name tells it. A target
group's is observed. The user's word stands above a derived one.
"""

import re
from typing import Any

from connectors.files.buses import partition_of
from connectors.files.instants import instant_of_ms
from connectors.files.members import detach_base64, detach_text, object_of, text_of
from connectors.files.origin import Origin, Skip
from connectors.record import Record, Service

LOAD_BALANCER = "aws:elasticloadbalancing"
"""ALB's own name: its requests are not API Gateway's."""
_DOMAIN = re.compile(r"\.(execute-api|lambda-url)\.([a-z]{2}(?:-[a-z]+)+-[0-9])\.")
_TRACE = re.compile(r"Root=1-([0-9a-f]{8})-[0-9a-f]{24}")


def http_request(event: dict[str, Any], origin: Origin) -> Record | Skip:
    """A request by way of API Gateway or a function URL; the id is its `requestId`.

    Source: API Gateway developer guide, "Lambda proxy integrations"; Lambda developer guide, "Function URLs".
    """
    context = object_of(event, "requestContext")
    request_id = text_of(context, "requestId")
    source_arn = origin.arn(None, "execute-api", "lambda") or _derived_arn(context)
    if request_id is None:
        return Skip("an API Gateway request without requestId")
    if source_arn is None:
        return Skip("an API Gateway request that does not name its API: pass --source ARN")
    at = context.get("requestTimeEpoch", context.get("timeEpoch"))
    return _request(event, origin, Service.APIGATEWAY, source_arn, request_id, at)


def load_balancer_request(event: dict[str, Any], origin: Origin) -> Record | Skip:
    """A request by way of an Application Load Balancer; its trace id stands for id and instant.

    Source: Elastic Load Balancing user guide, "Lambda functions as targets"; "Request tracing".
    """
    elb = object_of(object_of(event, "requestContext"), "elb")
    source_arn = origin.arn(elb.get("targetGroupArn"), "elasticloadbalancing")
    trace_id = _header(event, "x-amzn-trace-id")
    if trace_id is None:
        return Skip("a load balancer's request without an X-Amzn-Trace-Id header")
    if source_arn is None:
        return Skip("a load balancer's request without targetGroupArn: pass --source ARN")
    traced = _TRACE.search(trace_id)
    at_ms = int(traced[1], 16) * 1000 if traced else None
    return _request(event, origin, LOAD_BALANCER, source_arn, trace_id, at_ms)


def _request(
    event: dict[str, Any], origin: Origin, service: str, source_arn: str, record_id: str, at_ms: Any
) -> Record:
    envelope = dict(event)
    detach = detach_base64 if event.get("isBase64Encoded") is True else detach_text
    body = detach(envelope, envelope, "body")
    return origin.record(
        service=service,
        source_arn=source_arn,
        record_id=record_id,
        body=body,
        envelope=envelope,
        source_at=instant_of_ms(at_ms),
    )


def _derived_arn(context: dict[str, Any]) -> str | None:
    api_id = text_of(context, "apiId")
    if api_id is None:
        return None
    domain = _DOMAIN.search(text_of(context, "domainName") or "")
    region = domain[2] if domain else ""
    account = text_of(context, "accountId") or ""
    partition = partition_of(region)
    if domain and domain[1] == "lambda-url":
        account = "" if account == "anonymous" else account
        return f"arn:{partition}:lambda:{region}:{account}:function-url/{api_id}"
    stage = text_of(context, "stage") or ""
    return f"arn:{partition}:execute-api:{region}:{account}:{api_id}/{stage}"


def _header(event: dict[str, Any], name: str) -> str | None:
    for header, value in object_of(event, "headers").items():
        if header.lower() == name and isinstance(value, str):
            return value or None
    for header, values in object_of(event, "multiValueHeaders").items():
        if header.lower() == name and isinstance(values, list) and values:
            return values[0] if isinstance(values[0], str) else None
    return None
