"""Cases of queues that were recorded against AWS, put together again and run here."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from itertools import count, pairwise
from pathlib import Path
from typing import Any

from connectors.record import Record
from tests.factories import sqs_message
from tests.workbench.replay.engine.recorded import Document, agrees
from tests.workbench.replay.engine.runs import FunctionInvoker, Handler, Ran, run_queue, seconds
from workbench.errors import UsageError
from workbench.mapping import EventSourceMapping, SourceKind
from workbench.replay.engine.invocation import Batch, Invocation
from workbench.replay.settings import FunctionSettings

LEFT_OUT: Mapping[str, str] = {
    "test_duplicate_event_source_mappings": "which mappings there are is not the engine's business",
    "test_esm_with_not_existing_sqs_queue": "which queues there are is not the engine's business",
    "test_sqs_event_source_mapping_batching_behaviour[100]": "nothing was recorded",
    "test_sqs_event_filter[plain-string-matching]": "nothing was recorded",
    "test_sqs_event_filter[plain-string-filter]": "nothing was recorded",
}
"""Why cases are not run. Of the others these parts are not compared: answers of the API to sending and to creating
(but for the mapping's members), ids of messages that the function sent, and the version of the function."""
WINDOW_S = 10
"""What stands hidden in the mappings of large batches."""
HIDDEN = re.compile(r'"(<approximate-first-receive-timestamp>|sent-timestamp|sender-id|date)"')
"""Values that differ from message to message under one name."""
INVALID_FILTERS = {
    "None": "null",
    "invalid_filter2": '{"eventSource": "aws:sqs"}',
    "invalid_filter3": '{"eventSource": []}',
}
NOT_PASSED: Mapping[str, Sequence[Any]] = {
    '{"body": {"testItem": ["test24"]}}': [{"testItem": "tesWER"}],
    '{"body": {"testItem": ["test24", "test45"]}}': [{"testItem": "WERTD"}],
    '{"body": {"testItem": ["test24", "test45"], "test2": ["go"]}}': [
        {"testItem": "test67", "test2": "go"}
    ],
    '{"body": {"test2": [{"exists": true}]}}': [{"test5": "74545"}],
    '{"body": {"test2": [{"numeric": [">", 100]}]}}': ["this is a test string"],
    '{"body": {"test2": [{"numeric": ["<", 100]}]}}': [{"test2": 105}],
    '{"body": {"test2": [{"numeric": [">=", 100, "<", 200]}]}}': [{"test2": 200}],
    '{"body": {"test2": [{"prefix": "us-1"}]}}': [{"test2": "eu-wert"}],
    '{"body": {"my-key": ["my-value"]}}': [{"my-key": "other-value"}, "plain-string"],
    '{"body": {"my-key": ["my-value-one", "my-value-two"]}}': [{"my-key": "other-value"}],
    '{"body": {"my-key-one": ["other-filter", "my-value-one"], "my-key-two": ["my-value-two"]}}': [
        {"my-key-one": "other-value-", "my-key-two": "my-value-two"}
    ],
    '{"body": {"my-key": [{"exists": true}]}}': [{"other-key": "any-value-two"}],
    '{"body": {"my-number": [{"numeric": [">", 100]}]}}': [{"my-number": 100}],
    '{"body": {"my-number": [{"numeric": ["<", 100]}]}}': [{"my-number": 100}],
    '{"body": {"my-number": [{"numeric": [">=", 100, "<", 200]}]}}': [{"my-number": 200}],
    '{"body": {"my-key": [{"prefix": "yes"}]}}': [{"my-key": "no-value"}],
}
"""Messages that a pattern let not through, which no recording shows."""
REPORT = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
TITLES: Document = {
    "MessageAttributes": {
        "Title": {"DataType": "String", "StringValue": "The Whistler"},
        "Author": {"DataType": "String", "StringValue": "John Grisham"},
        "WeeksOn": {"DataType": "Number", "StringValue": "6"},
    },
    "MD5OfMessageAttributes": "d25a6aea97eb8f585bfa92d314504a92",
}
QUEUE_URL = "<queue-url:1>"


@dataclass
class Function:
    """A recorded function: it tells a queue what it got, and what came of it."""

    answer: Any = None
    """Of each invocation; None: what should fail fails."""
    told: list[Any] = field(default_factory=list)

    def failing(self, event: dict[str, Any]) -> None:
        """Raises while the one message has attempts left that should fail."""
        (record,) = event["Records"]
        error = "failed attempt" if _should_fail(record) else None
        self.told.append({"error": error, "event": event})
        if error:
            raise ValueError(error)

    def naming(self, event: dict[str, Any]) -> Any:
        """Names the messages that should fail, or answers what it is set to."""
        failed = [each["messageId"] for each in event["Records"] if _should_fail(each)]
        answer = {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}
        result = answer if self.answer is None else self.answer
        self.told.append({"event": event, "result": result})
        return result


@dataclass(frozen=True)
class Story:
    """What was sent, to what queue and function; no recording shows it."""

    bodies: Sequence[str]
    timeout_s: int = 3
    """Of the function; the visibility timeout is as long."""
    max_receive_count: int | None = None
    group: str | None = None
    envelope: Document = field(default_factory=dict)
    mapping: Document = field(default_factory=dict)
    """Where none was recorded."""
    names_failures: bool = False
    answer: Any = None


def _body(**members: Any) -> str:
    return json.dumps(members)


STORIES: Mapping[str, Story] = {
    "test_failing_lambda_retries_after_visibility_timeout": Story(
        [_body(destination=QUEUE_URL, fail_attempts=1)], 5
    ),
    "test_message_body_and_attributes_passed_correctly": Story(
        [_body(destination=QUEUE_URL, fail_attempts=0)], 5, 2, None, TITLES, {"BatchSize": 1}
    ),
    "test_redrive_policy_with_failing_lambda": Story(
        [_body(destination=QUEUE_URL, fail_attempts=2)], 5, 2, mapping={"BatchSize": 1}
    ),
    "test_report_batch_item_failures": Story(
        [_body(message=n, fail_attempts=most) for n, most in enumerate((0, 1, 1, 2), 1)],
        8,
        2,
        "1",
        names_failures=True,
    ),
    "test_report_batch_item_failures_on_lambda_error": Story(
        ["{not a json body", _body(message=2, fail_attempts=0)], 2, 2, mapping=REPORT
    ),
    "test_report_batch_item_failures_invalid_result_json_batch_fails": Story(
        [_body(message=1, fail_attempts=0)],
        4,
        2,
        mapping=REPORT,
        names_failures=True,
        answer={"batchItemFailures": [{"foo": "notvalid"}]},
    ),
    "test_report_batch_item_failures_empty_json_batch_succeeds": Story(
        [_body(message=1, fail_attempts=0)], 4, 1, mapping=REPORT, names_failures=True, answer={}
    ),
}
GROUP = Story([f"message-{n}" for n in range(5)], 60, group="fixed-message-group-id-test")
GROUP_TAKES_S = 5


@dataclass(frozen=True)
class Taking:
    """A function that takes its time."""

    takes: timedelta
    parallel: int = 1

    def renew(self) -> None:
        pass

    def close(self) -> None:
        pass

    def invoke(self, batch: Batch, request_id: str) -> Invocation:
        return Invocation(response="null", virtual_ms=self.takes / timedelta(milliseconds=1))


@dataclass(frozen=True)
class QueueCase:
    """One recorded case."""

    name: str
    content: Document

    @property
    def scenario(self) -> str:
        return self.name.partition("[")[2][:-1]

    def disagreements(self) -> Iterator[str]:
        """What comes out here and was recorded otherwise."""
        yield from self._refusals()
        told = self._mapping_told()
        yield from self._members(told)
        if self.name in STORIES:
            yield from self._of_story(STORIES[self.name], told or {})
        elif "parallelism" in self.name:
            yield from self._of_group(told or {})
        elif told is not None and (sent := list(self._sent())):
            ran = self._run(sent, lambda event: None, Story([], 3), told)
            yield from self._of_events(ran, [json.loads(row["event"]) for row in ran.invocations])

    def _refusals(self) -> Iterator[str]:
        for name, answer in self.content.items():
            if "Error" not in answer:
                continue
            message = answer["Error"]["Message"].rstrip(".")
            document: Document = {"BatchSize": 11}
            if "filter" in self.name:
                pattern = INVALID_FILTERS.get(self.scenario, self.scenario)
                document = {"FilterCriteria": {"Filters": [{"Pattern": pattern}]}}
            try:
                EventSourceMapping.from_aws(document).completed("sqs")
            except UsageError as refused:
                if message in str(refused):
                    continue
            yield f"{name}: not refused with {message!r}"

    def _mapping_told(self) -> Document | None:
        """The mapping as it was recorded, made whole."""
        found = (dict(each) for each in self.content.values() if "BatchSize" in each)
        document = next(found, None)
        if document is None:
            return None
        if isinstance(document["MaximumBatchingWindowInSeconds"], str):
            document["MaximumBatchingWindowInSeconds"] = WINDOW_S
        if criteria := document.get("FilterCriteria"):
            patterns = [json.dumps(each["Pattern"]) for each in criteria["Filters"]]
            document["FilterCriteria"] = {"Filters": [{"Pattern": each} for each in patterns]}
        return document

    def _members(self, told: Document | None) -> Iterator[str]:
        """Recorded mappings are read and written as they were."""
        if told is not None:
            ours = EventSourceMapping.from_aws(told).completed(self._kind).to_aws()
            for member, value in ours.items():
                if value != told[member]:
                    yield f"{member} {told[member]}, here {value}"

    @property
    def _kind(self) -> SourceKind:
        story = STORIES.get(self.name)
        is_fifo = "parallelism" in self.name or (story is not None and story.group is not None)
        return "sqs_fifo" if is_fifo else "sqs"

    def _of_story(self, story: Story, told: Document) -> Iterator[str]:
        function, bound = Function(story.answer), dict[str, str]()
        handler = function.naming if story.names_failures else function.failing
        messages = [
            _message(n, body, story.group, {**story.envelope, **_deduplicated(story, n)})
            for n, body in enumerate(story.bodies, 1)
        ]
        ran = self._run(messages, handler, story, told or story.mapping)
        recorded = [
            message["Body"]
            for name, answer in self.content.items()
            if name.endswith(("_attempt", "_invocation"))
            for message in answer["Messages"]
        ]
        yield from _differing("told", recorded, function.told, bound)
        yield from _differing("dead letters", self._dead(), _dead_lettered(ran, messages), bound)
        for message in messages:
            for one, other in pairwise(ran.seconds_of(message)):
                if other - one < story.timeout_s:
                    yield f"again after {other - one} s, within the visibility timeout"

    def _of_group(self, told: Document) -> Iterator[str]:
        messages = [_message(n, body, GROUP.group) for n, body in enumerate(GROUP.bodies)]
        takes = Taking(timedelta(seconds=GROUP_TAKES_S))
        ran = self._run(messages, takes, GROUP, told)
        begun = [seconds(row["started_at"]) for row in ran.invocations]
        if any(other - one < GROUP_TAKES_S for one, other in pairwise(begun)):
            yield f"messages of one group at the same time: {begun}"
        if len(begun) != len(messages):
            yield f"{len(messages)} invocations, here {len(begun)}"

    def _of_events(self, ran: Ran, events: list[Any]) -> Iterator[str]:
        content = self.content
        batches = content.get("batch_info", {}).get("total_batches_received")
        if batches not in (None, len(events)):
            yield f"{batches} batches, here {len(events)}"
        if "Records" in content:
            ours = [record for event in events for record in event["Records"]]
            ours.sort(key=lambda record: str(record["body"]))
            yield from _differing("records", content["Records"], ours, {})
            return
        yield from _differing("events", self._events(), events, {})
        if set(ran.verdicts) - {"succeeded", "filtered"}:
            yield f"verdicts {ran.verdicts}"

    def _events(self) -> list[Any]:
        for name in ("events_postupdate", "invocation_events", "events"):
            if name in self.content:
                return [each.get("event", each) for each in self.content[name]]
        return []

    def _sent(self) -> Iterator[Record]:
        """The messages that were sent, those too that a filter held back."""
        if "Records" in self.content:
            number = count()
            bodies = [record["body"] for record in self.content["Records"]]
            for sending in sorted({_sending(body) for body in bodies}):
                for body in (each for each in bodies if _sending(each) == sending):
                    yield _message(next(number), body, at_s=0.1 * sending)
            return
        events = self._events()
        for n, event in enumerate(events):
            yield _message(n, json.dumps(event["Records"][0]["body"]), at_s=60 * n)
        for pattern in self.content.get("create_event_source_mapping_response", {}).get(
            "FilterCriteria", {"Filters": []}
        )["Filters"]:
            for n, body in enumerate(NOT_PASSED[json.dumps(pattern["Pattern"])], 100):
                yield _message(n, body if isinstance(body, str) else json.dumps(body))

    def _dead(self) -> list[Any]:
        answer = self.content.get("dlq_response", {"Messages": self.content.get("dlq_messages")})
        members = ("MessageId", "MD5OfBody", "Body")
        return [{name: each[name] for name in members} for each in answer["Messages"] or ()]

    def _run(
        self,
        messages: Sequence[Record],
        function: Handler | Taking,
        story: Story,
        mapping: Document,
    ) -> Ran:
        said = EventSourceMapping.from_aws(mapping).completed(self._kind)
        named = {each.name: getattr(said, each.name) for each in fields(said)}
        return run_queue(
            messages,
            invoker=function if isinstance(function, Taking) else FunctionInvoker(function),
            function=FunctionSettings("charge", timeout_s=min(story.timeout_s, 30)),
            attributes={
                "visibility_timeout": timedelta(seconds=story.timeout_s),
                "max_receive_count": story.max_receive_count,
                "fifo_queue": self._kind == "sqs_fifo",
            },
            **{name: value for name, value in named.items() if value is not None},
        )


def recorded_queue_cases(folder: Path) -> list[QueueCase]:
    """The cases of queues but for those that are left out."""
    snapshot = "test_lambda_integration_sqs.snapshot.json"
    cases = told_apart(folder / "localstack/esm-snapshots" / snapshot)
    return [QueueCase(name, content) for name, content in cases.items() if name not in LEFT_OUT]


def told_apart(path: Path) -> dict[str, Document]:
    """A file's cases by name, with each hidden value under a name of its own."""
    number = count(1)
    text = HIDDEN.sub(lambda found: f'"<{found[1].strip("<>")}:{next(number)}>"', path.read_text())
    return {
        name.rpartition("::")[2]: case["recorded-content"]
        for name, case in json.loads(text).items()
    }


def as_recorded(recorded: Any, ours: Any) -> Any:
    """Ours, with JSON read where the recording shows it read."""
    if isinstance(recorded, dict | list) and isinstance(ours, str):
        return json.loads(ours)
    if isinstance(recorded, dict) and isinstance(ours, dict):
        return {name: as_recorded(recorded.get(name), value) for name, value in ours.items()}
    if isinstance(recorded, list) and isinstance(ours, list) and len(recorded) == len(ours):
        return [as_recorded(one, other) for one, other in zip(recorded, ours, strict=True)]
    return ours


def _differing(what: str, recorded: Any, ours: Any, bound: dict[str, str]) -> Iterator[str]:
    if not agrees(recorded, as_recorded(recorded, ours), bound):
        yield f"{what} {recorded}, here {ours}"


def _should_fail(record: Document) -> bool:
    most: int = json.loads(record["body"])["fail_attempts"]
    return most >= int(record["attributes"]["ApproximateReceiveCount"])


def _deduplicated(story: Story, number: int) -> Document:
    return {"MessageDeduplicationId": f"dedup-{number}"} if story.group else {}


def _sending(body: str) -> int:
    """Which call sent it: `3-1-message` was sent by the second."""
    return int(body.split("-")[1])


def _message(
    number: int,
    body: str,
    group: str | None = None,
    members: Document | None = None,
    at_s: float = 0,
) -> Record:
    record = sqs_message(number, body.encode(), group=group, seconds=at_s)
    envelope, said = json.loads(record.envelope), dict(members or {})
    if identifier := said.pop("MessageDeduplicationId", None):
        envelope["Attributes"]["MessageDeduplicationId"] = identifier
    return replace(record, envelope=json.dumps({**envelope, **said}))


def _dead_lettered(ran: Ran, messages: Sequence[Record]) -> list[Any]:
    """In the order of their digests, as AWS's were sorted."""
    found = [
        {
            "MessageId": message.record_id,
            "MD5OfBody": hashlib.md5(message.body, usedforsecurity=False).hexdigest(),
            "Body": message.body.decode(),
        }
        for message in messages
        if ran.verdicts_of(message)[-1] == "dead_lettered"
    ]
    return sorted(found, key=lambda each: each["MD5OfBody"])
