"""Five services of AWS behind one loopback HTTP server, as bytes on the wire, so that the bytes can go wrong.

Each source holds six records that come two a page. One virtual clock tells which messages are hidden.
"""

import base64
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from tests.scripted_aws.clock import START, VirtualClock

ACCOUNT, REGION = "123456789012", "us-east-1"
RECORDS, AT_ONCE = 6, 2
READS = {
    "kinesis": "GetRecords",
    "dynamodb": "GetRecords",
    "logs": "FilterLogEvents",
    "sqs": "ReceiveMessage",
    "sns": "ReceiveMessage",
}
"""The operation that brings records, by source."""
SHARD = "shardId-00000000000000000000"
FIRST = 10**21
"""Sequence number of the oldest record: DynamoDB's have at least 21 digits."""
OLDEST = START - timedelta(minutes=30)
ANSWER_AS_JSON = {"Content-Type": "application/x-amz-json-1.1"}


def came_at(number: int, source: str = "") -> datetime:
    """When the record of this number came, counted from 0; a topic's as soon as its tap is there."""
    if source == "sns":
        return START
    return OLDEST + timedelta(minutes=number)


def record_id(source: str, number: int) -> str:
    """What the trace calls it."""
    return {
        "kinesis": f"{SHARD}:{FIRST + number}",
        "dynamodb": f"e{number}",
        "logs": f"event-{number}",
    }.get(source, f"m{number}")


@dataclass(frozen=True)
class Asked:
    """One call as it arrived."""

    operation: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Sent:
    """One answer as it is to be sent, and which records are in it."""

    body: bytes
    records: tuple[int, ...] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: ANSWER_AS_JSON)


Sender = Callable[[BaseHTTPRequestHandler, Sent], None]
Faults = Callable[[Asked, Sent], Sender | None]
"""Asked before each answer goes out: what sends it in the answer's place; None: it goes out as it is."""


@dataclass
class WireAws:
    """What the server is asked and what it answers; `begin` makes it new for the next test."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    source: str = "kinesis"
    faults: Faults = lambda asked, sent: None
    seen: list[str] = field(default_factory=list)
    redirected: int = 0
    hidden_until: dict[int, datetime] = field(default_factory=dict)
    receives: dict[int, int] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, source: str, faults: Faults) -> None:
        """The first instant of a test of this source."""
        self.clock.at = START
        self.source, self.faults = source, faults
        self.redirected = 0
        self.hidden_until, self.receives, self.deleted = {}, {}, set()
        self.seen.clear()

    def answer(self, asked: Asked) -> Sent:
        """What AWS would answer, its effect done."""
        with self._lock:
            self.seen.append(asked.operation)
            method: Callable[..., Any] | None = getattr(self, f"_{asked.operation}", None)
            if method is None:
                return Sent(b"{}")
            found = method(asked.parameters)
            return found if isinstance(found, Sent) else Sent(json.dumps(found).encode())

    # Kinesis and DynamoDB Streams

    def _DescribeStreamSummary(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/orders"
        made_at = (START - timedelta(days=9)).timestamp()
        summary = {"StreamARN": arn, "StreamName": "orders", "StreamStatus": "ACTIVE"}
        return {
            "StreamDescriptionSummary": summary
            | {"StreamCreationTimestamp": made_at, "RetentionPeriodHours": 24}
            | {"OpenShardCount": 1, "EnhancedMonitoring": []}
        }

    def _ListShards(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        hashes = {"StartingHashKey": "0", "EndingHashKey": str(2**128 - 1)}
        return {"Shards": [_shard() | {"HashKeyRange": hashes}]}

    def _ListStreamConsumers(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"Consumers": []}

    def _DescribeTable(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"Table": {"TableName": "orders", "LatestStreamArn": _TABLE_STREAM}}

    def _ListStreams(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        label = _TABLE_STREAM.rsplit("/", 1)[-1]
        stream = {"StreamArn": _TABLE_STREAM, "TableName": "orders", "StreamLabel": label}
        return {"Streams": [stream]}

    def _DescribeStream(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        made_at = (START - timedelta(days=9)).timestamp()
        description = {"StreamArn": _TABLE_STREAM, "StreamStatus": "ENABLED", "Shards": [_shard()]}
        return {"StreamDescription": description | {"CreationRequestDateTime": made_at}}

    def _GetShardIterator(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        after = asked.get("StartingSequenceNumber", asked.get("SequenceNumber"))
        kind = asked["ShardIteratorType"]
        if kind == "AT_TIMESTAMP":
            at = datetime.fromtimestamp(asked["Timestamp"], UTC)
            first = sum(came_at(number) < at for number in range(RECORDS))
        elif kind == "TRIM_HORIZON":
            first = 0
        else:
            first = max(0, int(after) - FIRST + (kind == "AFTER_SEQUENCE_NUMBER"))
        return {"ShardIterator": str(first)}

    def _GetRecords(self, asked: Mapping[str, Any]) -> Sent:
        first = int(asked["ShardIterator"])
        numbers = _page(first, int(asked.get("Limit", AT_ONCE)))
        rest = RECORDS - first - len(numbers)
        make = _kinesis_record if self.source == "kinesis" else _change
        answer: dict[str, Any] = {"Records": [make(number) for number in numbers]}
        if self.source == "kinesis":
            answer["MillisBehindLatest"] = rest * 1000
        answer["NextShardIterator"] = str(first + len(numbers))
        return Sent(json.dumps(answer).encode(), numbers)

    # CloudWatch Logs

    def _DescribeLogGroups(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:orders:*"
        return {"logGroups": [{"logGroupName": "orders", "arn": arn, "creationTime": 0}]}

    def _FilterLogEvents(self, asked: Mapping[str, Any]) -> Sent:
        within = [
            number
            for number in range(RECORDS)
            if asked.get("startTime", 0) <= _ms(came_at(number)) <= asked.get("endTime", 2**62)
        ]
        first = int(asked.get("nextToken", "0"))
        numbers = tuple(within[first : first + min(AT_ONCE, int(asked.get("limit", AT_ONCE)))])
        answer: dict[str, Any] = {"events": [_event(number) for number in numbers]}
        if first + len(numbers) < len(within):
            answer["nextToken"] = str(first + len(numbers))
        return Sent(json.dumps(answer).encode(), numbers)

    # SQS and SNS

    def _GetQueueUrl(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"QueueUrl": f"{asked['__url__']}/{ACCOUNT}/{asked['QueueName']}"}

    _CreateQueue = _GetQueueUrl

    def _GetQueueAttributes(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{asked['QueueUrl'].rsplit('/', 1)[-1]}"
        visible = len(self._visible())
        counts = {
            "ApproximateNumberOfMessages": str(visible),
            "ApproximateNumberOfMessagesNotVisible": str(RECORDS - len(self.deleted) - visible),
            "ApproximateNumberOfMessagesDelayed": "0",
        }
        settings = {"VisibilityTimeout": "30", "MessageRetentionPeriod": "345600"}
        return {"Attributes": {"QueueArn": arn, "DelaySeconds": "0"} | settings | counts}

    def _ReceiveMessage(self, asked: Mapping[str, Any]) -> Sent:
        visible = self._visible()
        if not visible:
            self.clock.forward(seconds=int(asked.get("WaitTimeSeconds", 0)))
            visible = self._visible()
        numbers = tuple(visible[:AT_ONCE])
        until = self.clock.now() + timedelta(seconds=int(asked["VisibilityTimeout"]))
        for number in numbers:
            self.hidden_until[number] = until
            self.receives[number] = self.receives.get(number, 0) + 1
        messages = [self._message(number) for number in numbers]
        return Sent(json.dumps({"Messages": messages} if messages else {}).encode(), numbers)

    def _DeleteMessageBatch(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        self.deleted |= {int(entry["ReceiptHandle"]) for entry in asked["Entries"]}
        return {"Successful": [{"Id": entry["Id"]} for entry in asked["Entries"]], "Failed": []}

    def _ChangeMessageVisibilityBatch(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        for entry in asked["Entries"]:
            self.hidden_until.pop(int(entry["ReceiptHandle"]), None)
        return {"Successful": [{"Id": entry["Id"]} for entry in asked["Entries"]], "Failed": []}

    def _ListDeadLetterSourceQueues(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"queueUrls": []}

    def _ListStreamConsumers(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"Consumers": []}

    def _ListQueueTags(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"Tags": {}}

    def _visible(self) -> list[int]:
        now = self.clock.now()
        return [
            number
            for number in range(RECORDS)
            if number not in self.deleted and self.hidden_until.get(number, OLDEST) <= now
        ]

    def _message(self, number: int) -> dict[str, Any]:
        body = f"message {number}"
        if self.source == "sns":
            told = {"Type": "Notification", "MessageId": f"m{number}", "Message": body}
            body = json.dumps(told | {"Timestamp": came_at(number, "sns").isoformat()})
        system = {
            "SentTimestamp": str(_ms(came_at(number, self.source))),
            "ApproximateReceiveCount": str(self.receives[number]),
        }
        message = {"MessageId": f"m{number}", "ReceiptHandle": str(number), "Body": body}
        return message | {"Attributes": system}

    def _GetTopicAttributes(self, asked: Mapping[str, Any]) -> Sent:
        return _xml("GetTopicAttributes", "<Attributes></Attributes>")

    def _GetSubscriptionAttributes(self, asked: Mapping[str, Any]) -> Sent:
        return _xml("GetSubscriptionAttributes", "<Attributes></Attributes>")

    def _ListSubscriptionsByTopic(self, asked: Mapping[str, Any]) -> Sent:
        return _xml("ListSubscriptionsByTopic", "<Subscriptions></Subscriptions>")

    def _Subscribe(self, asked: Mapping[str, Any]) -> Sent:
        arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:orders:0a"
        return _xml("Subscribe", f"<SubscriptionArn>{arn}</SubscriptionArn>")

    def _GetSubscriptionAttributes(self, asked: Mapping[str, Any]) -> Sent:
        return _xml("GetSubscriptionAttributes", "<Attributes></Attributes>")

    def _Unsubscribe(self, asked: Mapping[str, Any]) -> Sent:
        return _xml("Unsubscribe", "")

    def _GetCallerIdentity(self, asked: Mapping[str, Any]) -> Sent:
        arn = f"arn:aws:iam::{ACCOUNT}:root"
        return _xml("GetCallerIdentity", f"<Account>{ACCOUNT}</Account><Arn>{arn}</Arn>")

    # Lambda

    def _ListEventSourceMappings(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"EventSourceMappings": []}


_TABLE_STREAM = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders/stream/2026-01-01T00:00:00.000"


def _shard() -> dict[str, Any]:
    return {
        "ShardId": SHARD,
        "SequenceNumberRange": {"StartingSequenceNumber": str(FIRST)},
    }


def _page(first: int, limit: int) -> tuple[int, ...]:
    return tuple(range(first, min(RECORDS, first + min(AT_ONCE, limit))))


def _kinesis_record(number: int) -> dict[str, Any]:
    return {
        "SequenceNumber": str(FIRST + number),
        "ApproximateArrivalTimestamp": came_at(number).timestamp(),
        "Data": base64.b64encode(b"record %d" % number).decode(),
        "PartitionKey": "k",
    }


def _change(number: int) -> dict[str, Any]:
    change = {
        "Keys": {"id": {"S": "1"}},
        "NewImage": {"id": {"S": "1"}, "n": {"N": str(number)}, "raw": {"B": "/w=="}},
        "SequenceNumber": str(FIRST + number),
        "ApproximateCreationDateTime": came_at(number).timestamp(),
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    told = {"eventID": f"e{number}", "eventName": "MODIFY", "awsRegion": REGION}
    return told | {"eventSource": "aws:dynamodb", "dynamodb": change}


def _event(number: int) -> dict[str, Any]:
    at_ms = _ms(came_at(number))
    told = {"logStreamName": "s", "timestamp": at_ms, "ingestionTime": at_ms}
    return told | {"message": f"line {number}", "eventId": f"event-{number}"}


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _xml(operation: str, result: str) -> Sent:
    text = f"<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>"
    return Sent(text.encode(), headers={"Content-Type": "text/xml"})


def send(handler: BaseHTTPRequestHandler, sent: Sent) -> None:
    """The answer as it is."""
    handler.send_response_only(sent.status)
    for name, value in sent.headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(sent.body)))
    handler.end_headers()
    handler.wfile.write(sent.body)


def serving(aws: WireAws) -> ThreadingHTTPServer:
    """A server on a free port of this machine; whoever asks for it closes it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = (
            True  # head and body are two writes; waiting costs 40 ms an answer
        )

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path.startswith("/elsewhere"):
                aws.redirected += 1
            asked = self._asked(body)
            sent = aws.answer(asked)
            (aws.faults(asked, sent) or send)(self, sent)

        do_GET = do_POST

        def _asked(self, body: bytes) -> Asked:
            target = self.headers.get("X-Amz-Target", "").rsplit(".", 1)[-1]
            if target:
                url = f"http://{self.headers['Host']}"
                return Asked(target, json.loads(body) | {"__url__": url})
            if "event-source-mappings" in self.path:
                return Asked("ListEventSourceMappings", {})
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            return Asked(form.get("Action", self.path), form)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a connection that a fault has torn

    return Server(("127.0.0.1", 0), Handler)
