"""Sources that hand a function one event at a time: Lambda tries it again later, or a caller waits for the answer."""

import heapq
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from connectors.answers import compact_json
from workbench.replay.engine.failure_records import DestinationRecord, Sent
from workbench.replay.engine.invocation import Batch, Invocation, Item
from workbench.replay.engine.loop import Fate
from workbench.replay.engine.response import Judgement
from workbench.replay.events import event_record, frame_of
from workbench.replay.settings import InvokeSettings

RETRIES_AFTER = (timedelta(minutes=1), timedelta(minutes=2))
"""Between attempts at an event whose function failed; assumed to be exact where AWS says about.
Source: Lambda developer guide, "How Lambda handles errors and retries with asynchronous invocation"."""
CALLERS = ("aws:apigateway", "aws:elasticloadbalancing")
"""Services whose caller waits for the answer: there is one attempt, and the answer has to be a response."""


@dataclass(slots=True, eq=False)
class _Event:
    item: Item
    ready_at: datetime
    order: int
    failures: int = 0
    request_id: str | None = None
    last: Invocation | None = None


class EventLane:
    """Events of one source, each an invocation of its own.

    Order is not kept: what failed comes again later, under its request id. A topic, a bus or a bucket has retries of
    its own before Lambda takes an event; they play no part once it was taken, as here.
    Source: Lambda developer guide, "Invoking a Lambda function asynchronously".

    Args:
        items: in order of arrival.
        settings: of the function's asynchronous invocations.
        function_arn: without a version.
        fate: told when an event will not be tried again.
        sent: told what destinations and the function's dead-letter queue get.
    """

    partition_id = ""

    def __init__(
        self,
        items: Iterable[Item],
        settings: InvokeSettings,
        function_arn: str,
        fate: Fate,
        sent: Sent = lambda record: None,
    ) -> None:
        self._settings = settings
        self._function_arn = function_arn
        self._fate = fate
        self._sent = sent
        self._ticket = count()
        self._waiting: list[tuple[datetime, int, int, _Event]] = []
        self._offered: tuple[Batch, _Event] | None = None
        self._in_flight: dict[int, _Event] = {}
        for order, item in enumerate(items):
            self._wait(_Event(item, item.arrives_at, order))

    def next_batch(self, not_before: datetime | None = None) -> Batch | None:
        """The next event; None when none is left that waits."""
        if self._offered is None and self._waiting:
            *_, event = heapq.heappop(self._waiting)
            self._offered = self._batch(event), event
        return self._offered[0] if self._offered else None

    def runs_ahead(self, batch: Batch) -> bool:
        """Whether nothing in flight could come again before the batch begins."""
        back_at = (event.ready_at + RETRIES_AFTER[0] for event in self._in_flight.values())
        return batch.at < min(back_at, default=batch.at + RETRIES_AFTER[0])

    def begin(self, batch: Batch) -> None:
        """The event that was offered is in flight."""
        assert self._offered is not None
        self._in_flight[id(batch)] = self._offered[1]
        self._offered = None

    def heard(self, batch: Batch, invocation_id: str, invocation: Invocation) -> None:
        """What came of an event in flight."""
        event = self._in_flight[id(batch)]
        event.request_id, event.last = invocation_id, invocation

    def comes_again(self, batch: Batch, failed: Judgement) -> Judgement:
        """As the invocation says; of a caller that waits, also where the answer is no response."""
        (item,) = batch.items
        invocation = self._in_flight[id(batch)].last
        if failed.failed or item.service not in CALLERS or invocation is None:
            return failed
        reason = malformed(batch.event, invocation.response)
        return Judgement(frozenset([item.identifier]), reason) if reason else failed

    def settle(self, batch: Batch, failed: Judgement, ended_at: datetime) -> None:
        """Be done with an event, or try it again later.

        One that would be too old by its next attempt is given up at once: AWS was recorded doing so within 60 seconds
        of an event whose maximum age is 60 seconds.
        """
        event = self._in_flight.pop(id(batch))
        if not failed.failed:
            if self._settings.on_success_arn and event.item.service not in CALLERS:
                self._tell(event, "Success", self._settings.on_success_arn, ended_at)
            return
        event.failures += 1
        if event.item.service in CALLERS:
            return
        if event.failures > self._settings.maximum_retry_attempts:
            verdict = "dead_lettered" if self._settings.dead_letter_arn else "discarded_retries"
            self._give_up(event, "RetriesExhausted", verdict, ended_at)
            return
        event.ready_at = ended_at + RETRIES_AFTER[min(event.failures, len(RETRIES_AFTER)) - 1]
        if event.ready_at - event.item.arrives_at >= self._settings.maximum_event_age:
            self._give_up(event, "EventAgeExceeded", "discarded_age", ended_at)
            return
        if self._offered is not None:
            self._wait(self._offered[1])
            self._offered = None
        self._wait(event)

    def _wait(self, event: _Event) -> None:
        heapq.heappush(self._waiting, (event.ready_at, event.order, next(self._ticket), event))

    def _batch(self, event: _Event) -> Batch:
        row = event.item.row
        closed_by = "retry" if event.failures else "poll"
        part = compact_json(event_record(row))
        return Batch(
            (event.item,), (part,), event.ready_at, closed_by, frame_of(row), event.request_id
        )

    def _give_up(self, event: _Event, condition: str, verdict: str, at: datetime) -> None:
        self._fate(event.item, verdict, at)
        if arn := self._settings.on_failure_arn:
            self._tell(event, condition, arn, at)
        if arn := self._settings.dead_letter_arn:
            text = self._batch(event).event
            told = dead_letter_attributes(event.request_id, event.last)
            self._sent(DestinationRecord(event.request_id, arn, condition, at, None, text, told))

    def _tell(self, event: _Event, condition: str, destination_arn: str, at: datetime) -> None:
        text = invocation_record(
            self._function_arn, condition, event.failures, event.request_id, event.last, at,
            self._batch(event).event,
        )  # fmt: skip
        service, key = destination_arn.split(":")[2], None
        if service == "events":
            text = bus_event(
                destination_arn, self._function_arn, condition, event.request_id, at, text
            )
        elif service == "s3":
            key = _object_key(self._function_arn, event.request_id, at)
        self._sent(DestinationRecord(event.request_id, destination_arn, condition, at, key, text))


def _object_key(function_arn: str, request_id: str | None, at: datetime) -> str:
    name = function_arn.rpartition(":")[2]
    number = uuid5(NAMESPACE_URL, f"replay object {request_id}")
    return f"aws/lambda/async/{name}/{at:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{number}"


def invocation_record(
    function_arn: str,
    condition: str,
    failures: int,
    request_id: str | None,
    invocation: Invocation | None,
    at: datetime,
    event: str,
) -> str:
    """What a destination gets of an asynchronous invocation, as AWS was recorded sending it.

    Args:
        function_arn: without a version.
        condition: `Success`, `RetriesExhausted` or `EventAgeExceeded`.
        failures: attempts that failed.
        request_id: of all attempts; None where there was none.
        invocation: the last attempt.
        at: when it is sent.
        event: what the function was given, as JSON.

    Source: Lambda developer guide, "Capturing records of Lambda asynchronous invocations".
    """
    document: dict[str, Any] = {
        "version": "1.0",
        "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"{function_arn}:$LATEST",
            "condition": condition,
            "approximateInvokeCount": failures + (condition == "Success"),
        },
    }
    text = f'{compact_json(document)[:-1]},"requestPayload":{event}'
    if invocation is None:
        return text + "}"
    context: dict[str, Any] = {"statusCode": 200, "executedVersion": "$LATEST"}
    answer = invocation.response or "null"
    if invocation.error_type is not None:
        context["functionError"] = "Unhandled"
        told = {"errorMessage": invocation.error_message, "errorType": invocation.error_type}
        trace = {"requestId": request_id, "stackTrace": list(invocation.stack_trace)}
        answer = compact_json(told | trace)
    return f'{text},"responseContext":{compact_json(context)},"responsePayload":{answer}}}'


def bus_event(
    bus_arn: str,
    function_arn: str,
    condition: str,
    request_id: str | None,
    at: datetime,
    record: str,
) -> str:
    """What an event bus as a destination carries of an asynchronous invocation, as AWS was recorded sending it.

    Args:
        bus_arn: of the destination.
        function_arn: without a version.
        condition: `Success`, or why the event was given up.
        request_id: of all attempts.
        at: when it is sent.
        record: `invocation_record`.

    Returns:
        The whole event, the record as its detail. Synthetic: its id.

    Source: Lambda developer guide, "Capturing records of Lambda asynchronous invocations".
    """
    _, _, _, region, account, _ = function_arn.split(":", 5)
    result = "Success" if condition == "Success" else "Failure"
    document = {
        "version": "0",
        "id": str(uuid5(NAMESPACE_URL, f"replay event {request_id} {condition}")),
        "detail-type": f"Lambda Function Invocation Result - {result}",
        "source": "lambda",
        "account": account,
        "time": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "region": region,
        "resources": [bus_arn, f"{function_arn}:$LATEST"],
    }
    return f'{compact_json(document)[:-1]},"detail":{record}}}'


def dead_letter_attributes(
    request_id: str | None, invocation: Invocation | None
) -> Mapping[str, Mapping[str, str]]:
    """The message attributes with which a function's dead-letter queue or topic gets an event.

    Args:
        request_id: of all attempts.
        invocation: the last attempt.

    Returns:
        AWS's MessageAttributes; of the error's message the first kilobyte.

    Source: Lambda developer guide, "Adding a dead-letter queue".
    """
    message = (invocation.error_message if invocation else None) or ""
    head = message.encode("utf-8", "replace")[:_ERROR_BYTES_MOST].decode("utf-8", "ignore")
    return {
        "RequestID": {"DataType": "String", "StringValue": request_id or ""},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": head},
    }


_ERROR_BYTES_MOST = 1_024


def malformed(event: str, response: str | None) -> str | None:
    """Why a gateway or a load balancer would answer 502 to what a function gave it; None where it would not.

    Args:
        event: the request as the function got it.
        response: what the function returned, as JSON.

    Returns:
        A payload of version 2.0 takes any JSON for a body; an authorizer's answer is not looked at.

    Example:
        >>> malformed('{"httpMethod": "GET"}', '{"statusCode": "200"}')
        'the answer is no response: statusCode is "200", not a number'

    Source: API Gateway developer guide, "Output format of a Lambda function for proxy integration"; Elastic Load
    Balancing, "Lambda functions as targets".
    """
    request = json.loads(event)
    if not isinstance(request, dict) or "methodArn" in request or "routeArn" in request:
        return None
    answer = json.loads(response or "null")
    is_second = request.get("version") == "2.0"
    if is_second and not (isinstance(answer, dict) and "statusCode" in answer):
        return None
    if not isinstance(answer, dict):
        return f"the answer is no response: {_short(answer)}, not an object"
    status = answer.get("statusCode")
    if isinstance(status, bool) or not isinstance(status, int):
        return f"the answer is no response: statusCode is {_short(status)}, not a number"
    for name, kind, told in _MEMBERS:
        if not isinstance(answer.get(name), kind | None):
            return f"the answer is no response: {name} is {_short(answer[name])}, not {told}"
    return None


_MEMBERS: tuple[tuple[str, type, str], ...] = (
    ("body", str, "a text"),
    ("headers", dict, "an object"),
    ("multiValueHeaders", dict, "an object"),
    ("isBase64Encoded", bool, "a boolean"),
)


def _short(value: Any) -> str:
    text = compact_json(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
