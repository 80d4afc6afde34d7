"""A whole account of scripted AWS, with traffic that goes on while it is captured."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.scripted_aws.clock import START, VirtualClock
from tests.scripted_aws.dynamodb_streams import ScriptedTable
from tests.scripted_aws.faults import Fault, aws_error
from tests.scripted_aws.kinesis import ScriptedKinesis
from tests.scripted_aws.logs import ScriptedLogs
from tests.scripted_aws.serving import Caller, NoFunctions
from tests.scripted_aws.sns import ScriptedSns
from tests.scripted_aws.sqs import ScriptedSqs

SOURCES = (
    "kinesis:orders",
    "dynamodb:orders",
    "logs:/aws/lambda/pay",
    "sqs:orders-dlq",
    "sns:orders",
)
READS = (
    "GetRecords",
    "GetShardIterator",
    "FilterLogEvents",
    "ReceiveMessage",
    "ListShards",
    "DescribeStream",
)
THROTTLES = {
    "GetRecords": "ProvisionedThroughputExceededException",
    "FilterLogEvents": "ThrottlingException",
    "ReceiveMessage": "RequestThrottled",
}
SHARDS_OPEN = range(2, 7)
"""How many shards a stream has, about: it is split below and, where that can be, merged above."""


@dataclass
class Weather:
    """What goes wrong with calls by chance; the same seed, the same weather."""

    chance: random.Random
    share: float = 0.05
    """Of the reading calls."""

    def __call__(self, operation: str, parameters: Mapping[str, Any]) -> Fault | None:
        """A refusal, an answer cut short, an iterator that ran out, or an answer that got lost after the deed."""
        if operation not in READS or self.chance.random() >= self.share:
            return None
        if operation == "ReceiveMessage":
            lost = self.chance.random() < 0.5
            return Fault(error=ConnectionResetError("lost"), after_the_deed=lost)
        kind = self.chance.choice(("throttle", "throttle", "cut", "expired"))
        if kind == "cut":
            return Fault(damaged=lambda answer: {})
        code = THROTTLES.get(operation, "ThrottlingException")
        if kind == "expired" and operation == "GetRecords":
            code = "ExpiredIteratorException"
        return Fault(error=aws_error(code, operation))


@dataclass
class Account:
    """The services, and traffic that is written as time goes by, up to an end."""

    seed: int
    minutes: float = 20
    pace_ms: tuple[int, int] = (200, 2_000)
    """Between two things that happen."""
    clock: VirtualClock = field(default_factory=VirtualClock)
    written_to_ms: int = 0
    number: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        weather = Weather(random.Random(self.seed + 1))
        self.kinesis = ScriptedKinesis(self.clock, weather)
        self.kinesis.create_stream("orders", shards=3)
        self.table = ScriptedTable(self.clock, partitions=2, faults=weather)
        self.logs = ScriptedLogs(self.clock, faults=weather, page_bytes=4_000, calls_per_second=20)
        self.queues = ScriptedSqs(self.clock, faults=weather)
        producer = ScriptedSqs(self.clock, self.queues.account, who="producer")
        self.queue_url = producer.create_queue(QueueName="orders-dlq")["QueueUrl"]
        self.producer = producer
        self.topics = ScriptedSns(self.clock, self.queues.account, faults=weather)
        self.publisher = ScriptedSns(self.clock, self.queues.account, self.topics.account)
        self.topic_arn = self.publisher.create_topic(Name="orders")["TopicArn"]

    def fakes(self) -> dict[str, object]:
        """By boto3's names of the services."""
        return {
            "kinesis": self.kinesis,
            "dynamodb": self.table,
            "dynamodbstreams": self.table,
            "logs": self.logs,
            "sqs": self.queues,
            "sns": self.topics,
            "lambda": NoFunctions(),
            "sts": Caller(),
        }

    @property
    def ends_at_ms(self) -> int:
        """When the traffic ends, in milliseconds since the clock's beginning."""
        return int(self.minutes * 60_000)

    def go_on(self) -> None:
        """Write what was due up to now, each at its own instant."""
        now = self.clock.at
        until_ms = min(self.clock.monotonic_ms(), self.ends_at_ms)
        while self.written_to_ms < until_ms:
            self.written_to_ms += self.chance.randrange(*self.pace_ms)
            self.clock.at = min(now, START + timedelta(milliseconds=self.written_to_ms))
            self._something_happens()
        self.clock.at = now

    def _something_happens(self) -> None:
        actions: tuple[Callable[[], None], ...] = (
            self._put,
            self._put,
            self._put,
            self._change,
            self._change,
            self._log,
            self._log,
            self._send,
            self._publish,
            self._reshard,
            self._rotate,
        )
        self.chance.choices(actions, (*[1] * 9, 0.12, 0.05))[0]()

    def _next(self) -> int:
        self.number += 1
        return self.number

    def _put(self) -> None:
        key = f"k{self.chance.randrange(40)}"
        late_ms = self.chance.choice((0, 0, self.chance.randrange(1_000)))
        data = b'{"n":%d}' % self._next()
        self.kinesis.put_record(StreamName="orders", PartitionKey=key, Data=data, late_ms=late_ms)

    def _change(self) -> None:
        self.table.put(f"i{self.chance.randrange(20)}", n={"N": str(self._next())})

    def _log(self) -> None:
        stream = f"2026/03/01/[$LATEST]{self.chance.randrange(4):032x}"
        late_ms = self.chance.choice((0, self.chance.randrange(60_000)))
        self.logs.put(f"line {self._next()}", stream, late_ms=late_ms)

    def _send(self) -> None:
        self.producer.send_message(QueueUrl=self.queue_url, MessageBody=f'{{"n":{self._next()}}}')

    def _publish(self) -> None:
        self.publisher.publish(TopicArn=self.topic_arn, Message=f'{{"n":{self._next()}}}')

    def _reshard(self) -> None:
        shards = self.kinesis.open_shards("orders")
        which = self.chance.randrange(len(shards))
        if len(shards) < SHARDS_OPEN.stop and (which % 2 or len(shards) <= SHARDS_OPEN.start):
            self.kinesis.split_shard("orders", shards[which])
        else:
            which = min(which, len(shards) - 2)
            self.kinesis.merge_shards("orders", shards[which], shards[which + 1])

    def _rotate(self) -> None:
        leaves = [shard.shard_id for shard in self.table.stream.leaves()]
        if len(leaves) < SHARDS_OPEN.stop and self.chance.random() < 0.5:
            self.table.rotate(self.chance.choice(leaves), children=2)
        else:
            self.table.rotate()

    def end_now(self) -> None:
        """No more traffic from now on."""
        self.minutes = min(self.minutes, self.clock.monotonic_ms() / 60_000)

    def ledger(self) -> dict[str, dict[str, list[str]]]:
        """All that was ever written, by service and partition, in its order: record ids."""
        written: dict[str, dict[str, list[str]]] = {
            service: {}
            for service in ("aws:kinesis", "aws:dynamodb", "aws:logs", "aws:sqs", "aws:sns")
        }
        for record in self.kinesis.state.ledger:
            written["aws:kinesis"].setdefault(record.shard_id, []).append(record.record_id)
        for _, shard_id, change in self.table.written:
            written["aws:dynamodb"].setdefault(shard_id, []).append(change.event_id)
        for line in self.logs.state.lines:
            written["aws:logs"].setdefault(line.stream, []).append(line.event_id)
        written["aws:sqs"][""] = [
            message.message_id for message in self.queues.account.queues["orders-dlq"].sent
        ]
        written["aws:sns"][""] = [each.message_id for each in self.topics.account.published]
        return written
