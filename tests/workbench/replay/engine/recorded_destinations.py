"""Cases of asynchronous invocations that were recorded against AWS, put together again and run here."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.factories import ACCOUNT, T0
from tests.workbench.replay.engine.recorded import Document, agrees
from tests.workbench.replay.engine.recorded_queues import as_recorded, told_apart
from workbench.mapping import EventSourceMapping
from workbench.replay.engine.failure_records import DestinationRecord
from workbench.replay.engine.invocation import Batch, Invocation, Item
from workbench.replay.events.payload import WHOLE
from workbench.replay.journal import RunJournal
from workbench.replay.play import play
from workbench.replay.settings import FunctionSettings, InvokeSettings, Settings

QUEUE_ARN = f"arn:aws:sqs:{ACCOUNT}:destination"
BUS_ARN = f"arn:aws:events:{ACCOUNT}:event-bus/orders"
SOURCE_ARN = f"arn:aws:events:{ACCOUNT}:rule/invoke"
BOTH = {"OnSuccess": {"Destination": QUEUE_ARN}, "OnFailure": {"Destination": QUEUE_ARN}}
FAILED = {"OnFailure": {"Destination": QUEUE_ARN}}
BUS = {"OnSuccess": {"Destination": BUS_ARN}, "OnFailure": {"Destination": BUS_ARN}}
DEAD_LETTERS = {"DeadLetterConfig": {"TargetArn": QUEUE_ARN}}
ALSO = ("test_dead_letter_queue", "test_sqs_queue_as_lambda_dead_letter_queue")
"""Cases of a function's dead-letter queue; the second is in the file of the queues."""
MESSAGE_MEMBERS = ("Body", "MessageAttributes")
"""What is compared of a message; its id, its digests and its receive counts are the other queue's."""


@dataclass(frozen=True)
class Set:
    """How a function was set, and how often it was called at which event; no recording shows all of it."""

    config: Document
    attempts: Sequence[int] = (1,)
    """Of each event."""
    function: Document = field(default_factory=dict)
    ages_s: Sequence[int] = (21_600,)
    """MaximumEventAgeInSeconds of each event."""


SETTINGS: Mapping[str, Set] = {
    "test_assess_lambda_destination_invocation[Success-payload0]": Set({"DestinationConfig": BOTH}),
    "test_assess_lambda_destination_invocation[payload0]": Set(
        {"MaximumRetryAttempts": 0, "DestinationConfig": BOTH}
    ),
    "test_assess_lambda_destination_invocation[payload1]": Set(
        {"MaximumRetryAttempts": 0, "DestinationConfig": BOTH}
    ),
    "test_dead_letter_queue": Set({}, (3,), DEAD_LETTERS),
    "test_sqs_queue_as_lambda_dead_letter_queue": Set(
        {"MaximumRetryAttempts": 0}, (1,), DEAD_LETTERS
    ),
    "test_retries": Set({"MaximumRetryAttempts": 2, "DestinationConfig": FAILED}, (3,)),
    "test_maxeventage": Set(
        {"MaximumRetryAttempts": 2, "DestinationConfig": FAILED}, (1, 2), ages_s=(60, 90)
    ),
    "test_lambda_destination_default_retries": Set({"DestinationConfig": BOTH}, (3,)),
    "test_invoke_lambda_eventbridge": Set(
        {"MaximumRetryAttempts": 0, "DestinationConfig": BUS}, (1, 1), ages_s=(21_600, 21_600)
    ),
}
NAMES = {"<partition>": "aws", "<region>": "us-east-1", "<resource:2>": "notify"}
"""What the recorded function knew of itself, as it is called here."""
GAPS_S = (60, 120)
"""Between attempts, at which the recorded functions were counted."""


class Function:
    """A function that answers as the recorded one did, under the request id of its invocation."""

    parallel = 1

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.begun: list[tuple[float, str]] = []

    def renew(self) -> None:
        pass

    def close(self) -> None:
        pass

    def invoke(self, batch: Batch, request_id: str) -> Invocation:
        self.begun.append(((batch.at - T0).total_seconds(), request_id))
        answer = self._answer
        if "errorType" in answer:
            trace = tuple(answer.get("stackTrace", ()))
            return Invocation(
                error_type=answer["errorType"],
                error_message=answer["errorMessage"],
                stack_trace=trace,
            )
        text = json.dumps(answer)
        names = {**NAMES, answer.get("context", {}).get("aws_request_id", ""): request_id}
        for placeholder, name in names.items():
            text = text.replace(placeholder, name) if placeholder else text
        return Invocation(response=text)


class _Journal(RunJournal):
    def __init__(self) -> None:
        super().__init__("run", lambda tables: None)
        self.sent_records: list[DestinationRecord] = []

    def sent(self, record: DestinationRecord) -> None:
        super().sent(record)
        self.sent_records.append(record)


@dataclass(frozen=True)
class DestinationCase:
    """One recorded case."""

    name: str
    content: Document

    def disagreements(self) -> Iterator[str]:
        """What comes out here and was recorded otherwise."""
        recorded, said = list(self._recorded()), SETTINGS[self.name]
        if len(recorded) != len(said.attempts):
            yield f"{len(recorded)} documents were recorded"
        bound = dict[str, str]()
        for told, attempts, age_s in zip(recorded, said.attempts, said.ages_s, strict=True):
            function = Function(_answer(told))
            ours = list(_sent(_payload(told), function, said, age_s))
            if not agrees([told], as_recorded([told], ours), bound):
                yield f"sent {told}, here {ours}"
            yield from _miscounted(function.begun, attempts)

    def _recorded(self) -> Iterator[Document]:
        for answer in self.content.values():
            if "detail-type" in answer:
                yield answer
            elif "Body" in answer or "Messages" in answer:
                for message in answer.get("Messages", [answer]):
                    yield {name: message[name] for name in MESSAGE_MEMBERS if name in message}


def recorded_destination_cases(folder: Path) -> list[DestinationCase]:
    """The cases of destinations and of dead-letter queues of functions."""
    place = folder / "localstack/esm-snapshots"
    cases = told_apart(place / "test_lambda_destinations.snapshot.json")
    others = told_apart(place / "test_lambda_integration_sqs.snapshot.json")
    cases |= {name: content for name, content in others.items() if name in ALSO}
    return [DestinationCase(name, content) for name, content in cases.items()]


def _record(told: Document) -> Document:
    record: Document = told.get("detail") or told["Body"]
    return record


def _payload(told: Document) -> Any:
    record = _record(told)
    return record.get("requestPayload", record)


def _answer(told: Document) -> Any:
    """What the function said; a bare dead letter tells of its attributes alone."""
    if "MessageAttributes" in told:
        message = told["MessageAttributes"]["ErrorMessage"]["StringValue"]
        return {"errorType": "Exception", "errorMessage": message}
    return _record(told)["responsePayload"]


def _sent(payload: Any, function: Function, said: Set, age_s: int) -> Iterator[Document]:
    """What the destination gets of one event."""
    item = Item(
        delivery_id=1,
        service="aws:events",
        source_arn=SOURCE_ARN,
        partition_id="",
        record_id="event-1",
        sequence_number=None,
        ordering_key=None,
        arrives_at=T0,
        receive_count=None,
        body=json.dumps(payload).encode(),
        envelope=json.dumps({"body_encoding": WHOLE}),
    )
    config = {**said.config, "MaximumEventAgeInSeconds": age_s}
    settings = Settings(
        EventSourceMapping().completed("event"),
        FunctionSettings("notify"),
        invoke=InvokeSettings.from_aws(config, said.function),
    )
    journal = _Journal()
    play([item], settings, SOURCE_ARN, function, journal)
    for record in journal.sent_records:
        if ":events:" in record.destination_arn:
            yield json.loads(record.document)
            continue
        attributes = record.message_attributes
        yield {"Body": record.document} | (
            {} if attributes is None else {"MessageAttributes": attributes}
        )


def _miscounted(begun: Sequence[tuple[float, str]], attempts: int) -> Iterator[str]:
    if len(begun) != attempts:
        yield f"{attempts} attempts, here {len(begun)}"
    if len({request_id for _, request_id in begun}) > 1:
        yield f"one request id, here {begun}"
    gaps = tuple(other - one for (one, _), (other, _) in pairwise(begun))
    if gaps != GAPS_S[: len(gaps)]:
        yield f"attempts {GAPS_S} s apart, here {gaps}"
