"""Cases of event source mappings that were recorded against AWS, put together again and run here."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from connectors.record import Record
from tests.factories import dynamodb_change, instant, kinesis_record
from tests.workbench.replay.engine.runs import Handler, Ran, run_stream
from workbench.errors import UsageError
from workbench.mapping import EventSourceMapping, SourceKind
from workbench.replay.settings import FunctionSettings

Document = Mapping[str, Any]

ANSWERS: Mapping[str, Any] = {
    "empty_list_success": [],
    "null_success": None,
    "empty_string_success": "",
    "empty_dict_success": {},
    "empty_batch_item_failure_success": {"batchItemFailures": []},
    "null_batch_item_failure_success": {"batchItemFailures": None},
    "item_identifier_not_present_failure": {"batchItemFailures": [{"itemIdentifier": 123}]},
    "empty_string_item_identifier_failure": {"batchItemFailures": [{"itemIdentifier": ""}]},
    "null_item_identifier_failure": {"batchItemFailures": [{"itemIdentifier": None}]},
    "invalid_key_foo_failure": {"batchItemFailures": [{"foo": 123}]},
    "invalid_key_foo_null_value_failure": {"batchItemFailures": [{"foo": None}]},
}
"""What the function of a scenario answers."""
NOT_PASSED: Mapping[str, tuple[str, Document]] = {
    "insert_same_entry_twice": ("MODIFY", {"id": {"S": "id_value"}}),
    "content_multiple_filters": ("MODIFY", {"id": {"S": "id_value"}}),
    "content_filter_type": ("INSERT", {"id": {"S": "id_value_2"}}),
    "exists_filter_type": ("INSERT", {"id": {"S": "id_value_2"}}),
    "numeric_filter": ("INSERT", {"id": {"S": "id_value_2"}, "numericFilter": {"N": "101"}}),
    "prefix_filter": ("MODIFY", {"id": {"S": "id_value_1"}, "prefix": {"S": "other-suffix"}}),
}
"""The change that a scenario's filter let not through, which no recording shows."""
HIDDEN_PATTERN = ('"<approximate-creation-datetime>"', '[{"numeric": [">", 0]}]')
BACK_OFF_FIRST = timedelta(seconds=0.5)
"""A minute of retries was recorded with 7 attempts, which is what a back-off from half a second makes."""
OF_OTHER_BOOKS = ("duplicate_event_source_mappings", "not_existing")
"""Which mappings and streams there are is not the engine's business."""
RAISING = ("on_failure_destination", "unhandled_exception", "while-retrying")
UNRECORDED_MAPPING = {
    "BatchSize": 1,
    "MaximumRetryAttempts": 3,
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:1:failed"}},
}
"""Of the scenarios of a table, of which only the events and the failure records were kept."""
BLOCKING = "parent"
"""A shard of our own that holds the recorded one up for a minute, as a mapping that is made late would."""


@dataclass(frozen=True)
class Case:
    """One recorded case."""

    name: str
    content: Document
    kind: SourceKind

    @property
    def scenario(self) -> str:
        return self.name.partition("[")[2][:-1]

    @property
    def is_of_other_books(self) -> bool:
        return any(each in self.name for each in OF_OTHER_BOOKS)

    def disagreements(self) -> Iterator[str]:
        """What comes out here and was recorded otherwise."""
        if "exception_event_source_creation" in self.content:
            yield from self._objections()
            return
        yield from self._members()
        ran, bound = self._run(), dict[str, str]()
        events = [json.loads(row["event"]) for row in ran.invocations]
        events = [
            event
            for event in events
            if not event["Records"][0].get("eventID", "").startswith(BLOCKING)
        ]
        recorded = self._events()
        if recorded is not None and not agrees(recorded, events, bound):
            yield f"events {recorded}, here {events}"
        records = [record for event in events for record in event["Records"]]
        if self._flat() is not None and not agrees(self._flat(), records, bound):
            yield f"records {self._flat()}, here {records}"
        if payload := self.content.get("kinesis-record-lambda-payload"):
            data = [json.loads(base64.b64decode(each["kinesis"]["data"])) for each in records]
            if json.loads(payload) != data:
                yield f"payloads {payload}, here {data}"
        sent = [json.loads(row["document"]) for row in ran.sent]
        if not agrees(self._sent(), sent, {}):
            yield f"sent {self._sent()}, here {sent}"

    def _objections(self) -> Iterator[str]:
        message = self.content["exception_event_source_creation"]["Error"]["Message"].rstrip(".")
        document = {"FilterCriteria": {"Filters": [{"Pattern": self.scenario}]}}
        try:
            EventSourceMapping.from_aws(document).completed(self.kind)
        except UsageError as refused:
            if message in str(refused):
                return
        yield f"not refused with {message!r}"

    def _members(self) -> Iterator[str]:
        """Recorded mappings are read and written as they were."""
        told = self._told()
        if told is not None:
            ours = self._mapping().to_aws()
            for member in ours.keys() - {"FilterCriteria", "DestinationConfig"}:
                if ours[member] != told[member]:
                    yield f"{member} {told[member]}, here {ours[member]}"

    def _told(self) -> Document | None:
        names = [n for n in self.content if n.startswith("create_event_source") or n == "create"]
        for name in names:
            told: Document = self.content[name]
            if "BatchSize" in told:
                return told
        return None

    def _mapping(self) -> EventSourceMapping:
        told = self._told()
        if told is None:
            return EventSourceMapping.from_aws(UNRECORDED_MAPPING).completed(self.kind)
        document = json.loads(json.dumps(told).replace(*HIDDEN_PATTERN))
        for each in document.get("FilterCriteria", {}).get("Filters", ()):
            each["Pattern"] = json.dumps(each["Pattern"])
        return EventSourceMapping.from_aws(document).completed(self.kind)

    def _events(self) -> list[Any] | None:
        content = self.content
        for name in (
            "kinesis_events",
            "dynamodb_events",
            "event_logs",
            "lambda-multiple-log-events",
        ):
            if name in content:
                return list(content[name])
        if "invocation_events" in content:
            return [each.get("event", each) for each in content["invocation_events"]]
        if "record_body" in content:
            return [content["record_body"]["payload"]] * 2
        return None

    def _flat(self) -> list[Any] | None:
        """Records of several invocations in one list."""
        for name in ("kinesis_records", "dynamodb_records", "kinesis_records-a"):
            if name in self.content:
                return list(self.content[name]["Records"])
        return self.content.get("Records")

    def _sent(self) -> list[Any]:
        content = self.content
        for name in ("sqs_payload", "destination_queue_messages", "record_age_exceeded_payload"):
            if name in content:
                return [message["Body"] for message in content[name]["Messages"]]
        if "failure_sns_message" in content:
            return [content["failure_sns_message"]["Message"]]
        return [content["record_body"]] if "record_body" in content else []

    def _run(self) -> Ran:
        mapping, told = self._mapping(), self._told() or {}
        named = {field.name: getattr(mapping, field.name) for field in fields(mapping)}
        return run_stream(
            self._records(told.get("EventSourceArn", "")),
            self._handler(),
            function=FunctionSettings(told.get("FunctionArn", ":charge").rpartition(":")[2]),
            parents={"shardId-000000000000": (BLOCKING,)},
            back_off_first=BACK_OFF_FIRST,
            **{name: value for name, value in named.items() if value is not None},
        )

    def _records(self, source_arn: str) -> list[Record]:
        events = self._events()
        recorded = self._flat() or [each for event in events or () for each in event["Records"]]
        names = {json.dumps(each.get("kinesis") or each["dynamodb"]): each for each in recorded}
        captured = [_captured(each, number) for number, each in enumerate(names.values(), 1)]
        if self.scenario in NOT_PASSED:
            event_name, image = NOT_PASSED[self.scenario]
            change = {**recorded[0]["dynamodb"], "NewImage": image}
            captured.append(
                _captured({**recorded[0], "eventName": event_name, "dynamodb": change}, 2)
            )
        if "filtering_json_pattern" in self.name:
            types = ({"event_type": f"function_{n}", "message": "foo"} for n in (1, 2))
            captured = [kinesis_record(n, body, stream=source_arn) for n, body in enumerate(types)]
        if "before-ingestion" in self.name or "discard_records" in self.name:
            young = (replace(each, source_at=instant(60)) for each in captured)
            old = kinesis_record(0, stream=source_arn)
            return [kinesis_record(0, shard=BLOCKING, stream=source_arn, seconds=61), old, *young]
        return captured or [_failing(self.kind, source_arn)]

    def _handler(self) -> Handler:
        if self.scenario in ANSWERS:
            return lambda event: ANSWERS[self.scenario]
        if "report_batch_item_failures" in self.name:
            return _name_what_should_fail
        if any(each in self.name for each in RAISING):
            return _raise
        return lambda event: None


def recorded_cases(folder: Path, kind: SourceKind) -> list[Case]:
    """The cases of a kind of stream."""
    service = "kinesis" if kind == "kinesis" else "dynamodbstreams"
    path = folder / "localstack/esm-snapshots" / f"test_lambda_integration_{service}.snapshot.json"
    return [
        Case(name.rpartition("::")[2], case["recorded-content"], kind)
        for name, case in json.loads(path.read_text()).items()
    ]


def agrees(recorded: Any, ours: Any, bound: dict[str, str]) -> bool:
    """Whether ours is what was recorded; a placeholder stands for one and the same value throughout."""
    if isinstance(recorded, dict):
        same = isinstance(ours, dict) and recorded.keys() == ours.keys()
        return same and all(agrees(recorded[name], ours[name], bound) for name in recorded)
    if isinstance(recorded, list):
        same = isinstance(ours, list) and len(recorded) == len(ours)
        return same and all(map(partial(agrees, bound=bound), recorded, ours))
    if not isinstance(recorded, str) or "<" not in recorded:
        return bool(recorded == ours and type(recorded) is type(ours))
    if timestamp := re.fullmatch(r"<timestamp:(.*)>", recorded):
        return re.sub(r"\d", "0", timestamp[1]) == re.sub(r"\d", "0", ours)
    if "datetime>" in recorded or "arrival-timestamp>" in recorded:
        return isinstance(ours, int | float)
    pieces = re.split(r"(<[^>]*>)", recorded)
    pattern = "".join("(.+)" if each.startswith("<") else re.escape(each) for each in pieces)
    found = re.fullmatch(pattern, str(ours))
    names = [each for each in pieces if each.startswith("<")]
    return found is not None and all(
        bound.setdefault(name, value) == value
        for name, value in zip(names, found.groups(), strict=True)
    )


def _captured(record: Document, number: int) -> Record:
    """The record as GetRecords would have given it."""
    arn = record["eventSourceARN"]
    if "kinesis" in record:
        told = record["kinesis"]
        shard = record["eventID"].partition(":")[0]
        body = base64.b64decode(told["data"])
        return kinesis_record(number, body, key=told["partitionKey"], shard=shard, stream=arn)
    change = {**record["dynamodb"], "SequenceNumber": f"{100 + number}"}
    change["ApproximateCreationDateTime"] = "2026-11-20T10:00:00.000000Z"
    images = {name: change.pop(name) for name in ("Keys", "NewImage", "OldImage") if name in change}
    answer = {name: value for name, value in record.items() if name != "eventSourceARN"}
    return replace(
        dynamodb_change(number, stream=arn),
        body=json.dumps(images).encode(),
        envelope=json.dumps({**answer, "eventID": f"event-{number}", "dynamodb": change}),
        sequence_number=change["SequenceNumber"],
    )


def _failing(kind: SourceKind, source_arn: str) -> Record:
    """A record of cases of which only the failure record was kept."""
    if kind == "kinesis":
        return kinesis_record(1, stream=source_arn)
    image = {"id": {"S": "order-1"}, "should_fail": {"BOOL": True}}
    return dynamodb_change(1, image, stream=source_arn)


def _raise(event: dict[str, Any]) -> None:
    raise ValueError("no")


def _name_what_should_fail(event: dict[str, Any]) -> dict[str, Any]:
    names = []
    for record in event["Records"]:
        if "kinesis" in record:
            data = json.loads(base64.b64decode(record["kinesis"]["data"]))
            should_fail, name = data["should_fail"], record["kinesis"]["sequenceNumber"]
        else:
            change = record["dynamodb"]
            should_fail, name = change["NewImage"]["should_fail"]["BOOL"], change["SequenceNumber"]
        names += [{"itemIdentifier": name}] if should_fail else []
    return {"batchItemFailures": names}
