"""SQS behind the boto3 client interface: hidden messages, receive counts, dead letters, FIFO groups, lost answers."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

from tests.scripted_aws.clock import VirtualClock
from tests.scripted_aws.faults import Answer, FaultScript, answered, aws_error, no_faults
from tests.scripted_aws.queue_state import Message, QueueState, Refused, ms
from tests.scripted_aws.queue_state import answered as message_of

ACCOUNT = "123456789012"
REGION = "eu-west-1"


@dataclass
class SqsAccount:
    """Every queue of an account in a Region; plain, so that it can be pickled."""

    queues: dict[str, QueueState] = field(default_factory=dict)
    """By name."""
    random: Random = field(default_factory=lambda: Random(7))
    ordinal: int = 0
    page: int = 1000
    """Entries in one page of a listing, at most."""

    def by_arn(self, arn: str) -> QueueState | None:
        return self.queues.get(arn.rsplit(":", 1)[-1])


@dataclass
class ScriptedSqs:
    """One caller's client; several of them, ours and production's, share an account."""

    clock: VirtualClock
    account: SqsAccount = field(default_factory=SqsAccount)
    faults: FaultScript = no_faults
    who: str = "us"
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    meta: Any = field(default_factory=lambda: SimpleNamespace(region_name=REGION))

    # -- queues

    def create_queue(self, **asked: Any) -> Answer:
        def deed() -> Answer:
            name = asked["QueueName"]
            url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"
            if len(name) > 80:
                raise aws_error("InvalidParameterValue", "CreateQueue")
            if name not in self.account.queues:
                arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
                attributes = dict(asked.get("Attributes", {}))
                tags = dict(asked.get("tags", {}))
                self.account.queues[name] = QueueState(
                    name, url, arn, attributes, tags, self.clock.at
                )
            return {"QueueUrl": url}

        return self._call("CreateQueue", asked, deed)

    def delete_queue(self, **asked: Any) -> Answer:
        def deed() -> Answer:
            del self.account.queues[self._queue(asked).name]
            return {}

        return self._call("DeleteQueue", asked, deed)

    def get_queue_url(self, **asked: Any) -> Answer:
        def deed() -> Answer:
            return {"QueueUrl": self._queue(asked).url}

        return self._call("GetQueueUrl", asked, deed)

    def get_queue_attributes(self, **asked: Any) -> Answer:
        def deed() -> Answer:
            queue = self._queue(asked)
            whole = {
                "QueueArn": queue.arn,
                "CreatedTimestamp": str(int(queue.created_at.timestamp())),
                "VisibilityTimeout": "30",
                "MessageRetentionPeriod": "345600",
                "DelaySeconds": "0",
                **({"FifoQueue": "true"} if queue.is_fifo else {}),
                **queue.attributes,
                **queue.counts(self.clock.at),
            }
            names = asked.get("AttributeNames", [])
            wanted = whole if "All" in names else {n: v for n, v in whole.items() if n in names}
            return {"Attributes": wanted}

        return self._call("GetQueueAttributes", asked, deed)

    def set_queue_attributes(self, **asked: Any) -> Answer:
        def deed() -> Answer:
            self._queue(asked).attributes.update(asked["Attributes"])
            return {}

        return self._call("SetQueueAttributes", asked, deed)

    def tag_queue(self, **asked: Any) -> Answer:
        def deed() -> Answer:
            self._queue(asked).tags.update(asked["Tags"])
            return {}

        return self._call("TagQueue", asked, deed)

    def list_queue_tags(self, **asked: Any) -> Answer:
        def deed() -> Answer:
            tags = self._queue(asked).tags
            return {"Tags": dict(tags)} if tags else {}

        return self._call("ListQueueTags", asked, deed)

    def list_queues(self, **asked: Any) -> Answer:
        def deed() -> Answer:
            prefix = asked.get("QueueNamePrefix", "")
            urls = [q.url for n, q in sorted(self.account.queues.items()) if n.startswith(prefix)]
            return self._page("QueueUrls", urls, asked)

        return self._call("ListQueues", asked, deed)

    def list_dead_letter_source_queues(self, **asked: Any) -> Answer:
        def deed() -> Answer:
            arn = self._queue(asked).arn
            sources = [(q.url, q.redrive()) for _, q in sorted(self.account.queues.items())]
            urls = [url for url, redrive in sources if redrive and redrive[0] == arn]
            return {"queueUrls": []} | self._page("queueUrls", urls, asked)

        return self._call("ListDeadLetterSourceQueues", asked, deed)

    # -- messages

    def send_message(self, **asked: Any) -> Answer:
        return self._call("SendMessage", asked, lambda: self._send(asked))

    def receive_message(self, **asked: Any) -> Answer:
        return self._call("ReceiveMessage", asked, lambda: self._receive(asked))

    def change_message_visibility_batch(self, **asked: Any) -> Answer:
        def change(queue: QueueState, entry: dict[str, Any]) -> None:
            hidden = timedelta(seconds=entry["VisibilityTimeout"])
            queue.show_again(entry["ReceiptHandle"], self.clock.at, hidden, self.who)

        return self._batch("ChangeMessageVisibilityBatch", asked, change)

    def delete_message_batch(self, **asked: Any) -> Answer:
        def delete(queue: QueueState, entry: dict[str, Any]) -> None:
            queue.delete(entry["ReceiptHandle"], self.clock.at, self.who)

        return self._batch("DeleteMessageBatch", asked, delete)

    def _send(self, asked: dict[str, Any]) -> Answer:
        queue, now = self._queue(asked), self.clock.at
        group = asked.get("MessageGroupId")
        system = {"SenderId": "AIDAEXAMPLE"} | ({"MessageGroupId": group} if group else {})
        for name, value in asked.get("MessageSystemAttributes", {}).items():
            system[name] = value["StringValue"]
        if queue.is_fifo:
            deduplication_id = asked["MessageDeduplicationId"]
            known = queue.repeated(now, group or "", deduplication_id)
            if known:
                return {"MessageId": known[0], "SequenceNumber": known[1]}
            system["MessageDeduplicationId"] = deduplication_id
            system["SequenceNumber"] = str(10**19 + self.account.ordinal * 256)
        delay = timedelta(seconds=asked.get("DelaySeconds", 0)) or queue.seconds("DelaySeconds", 0)
        message = self._message(
            queue, asked["MessageBody"], asked.get("MessageAttributes", {}), system, delay
        )
        if queue.is_fifo:
            queue.remember(now, group or "", system["MessageDeduplicationId"], message)
            return {"MessageId": message.message_id, "SequenceNumber": system["SequenceNumber"]}
        return {"MessageId": message.message_id}

    def _message(
        self,
        queue: QueueState,
        body: str,
        user: dict[str, Any],
        system: dict[str, str],
        delay: timedelta,
    ) -> Message:
        account, now = self.account, self.clock.at
        account.ordinal += 1
        message_id = str(uuid.UUID(int=account.random.getrandbits(128), version=4))
        message = Message(message_id, body, user, system, now, now + delay, account.ordinal)
        queue.put(message)
        return message

    def _receive(self, asked: dict[str, Any]) -> Answer:
        queue = self._queue(asked)
        most = asked.get("MaxNumberOfMessages", 1)
        if not 1 <= most <= 10 or not 0 <= asked.get("WaitTimeSeconds", 0) <= 20:
            raise aws_error("InvalidParameterValue", "ReceiveMessage")
        hidden = timedelta(seconds=asked.get("VisibilityTimeout", 30))
        attempt = asked.get("ReceiveRequestAttemptId")
        if queue.is_fifo and (same := queue.same_attempt(attempt, self.clock.at, hidden)):
            return {"Messages": [message_of(m) for m in same]}
        flying = sum(m.in_flight(self.clock.at) for m in queue.messages)
        if flying >= queue.in_flight_limit:
            if queue.is_fifo:
                return {}  # no error at the limit of a FIFO queue
            raise aws_error("OverLimit", "ReceiveMessage")
        taken = self._take(queue, most, asked.get("WaitTimeSeconds", 0), hidden)
        if attempt and taken:
            ids, handles = [m.message_id for m in taken], [str(m.handle) for m in taken]
            queue.attempts[attempt] = (self.clock.at, ids, handles)
        return {"Messages": [message_of(m) for m in taken]} if taken else {}

    def _take(
        self, queue: QueueState, most: int, wait_seconds: int, hidden: timedelta
    ) -> list[Message]:
        """A long poll asks every host and waits for what comes to light; then time has passed."""
        until = self.clock.at + timedelta(seconds=wait_seconds)
        while True:
            chosen = queue.chosen(self.clock.at, most, wait_seconds == 0, self.account.random)
            taken = [m for m in chosen if not self._moved_to_dead_letters(queue, m)]
            for message in taken:
                queue.hold(message, self.clock.at, hidden, self.who)
            if taken or self.clock.at >= until:
                return taken
            self.clock.at = min(until, *queue.next_change_at(self.clock.at), until)

    def _moved_to_dead_letters(self, queue: QueueState, message: Message) -> bool:
        """Whether one receive more would exceed maxReceiveCount: then it moves and nobody gets it."""
        redrive = queue.redrive()
        letters = self.account.by_arn(redrive[0]) if redrive else None
        if redrive is None or letters is None or message.receive_count < redrive[1]:
            return False
        queue.messages.remove(message)
        queue.moved[message.message_id] = message.receive_count
        message.handle = message.held_by = None
        message.system = message.system | {"DeadLetterQueueSourceArn": queue.arn}
        if queue.is_fifo:
            # The original enqueue time of a standard queue keeps running; a FIFO queue's begins anew.
            message.sent_at = self.clock.at
            message.system["MessageDeduplicationId"] = message.message_id
        letters.put(message)
        return True

    # -- how a call goes

    def _call(self, operation: str, asked: dict[str, Any], deed: Callable[[], Answer]) -> Any:
        self.calls.append((operation, asked))
        return answered(self.faults(operation, asked), deed)

    def _batch(
        self,
        operation: str,
        asked: dict[str, Any],
        do: Callable[[QueueState, dict[str, Any]], None],
    ) -> Any:
        def deed() -> Answer:
            queue, entries = self._queue(asked), asked["Entries"]
            if not 1 <= len(entries) <= 10:
                code = "TooManyEntriesInBatchRequest" if entries else "EmptyBatchRequest"
                raise aws_error(code, operation)
            done: list[dict[str, Any]] = []
            failed: list[dict[str, Any]] = []
            for entry in entries:
                try:
                    do(queue, entry)
                    done.append({"Id": entry["Id"]})
                except Refused as refused:
                    said = {"Code": refused.code, "Message": refused.message, "SenderFault": True}
                    failed.append({"Id": entry["Id"]} | said)
            return {"Successful": done} | ({"Failed": failed} if failed else {})

        return self._call(operation, asked, deed)

    def _queue(self, asked: dict[str, Any]) -> QueueState:
        name = asked.get("QueueName") or asked["QueueUrl"].rsplit("/", 1)[-1]
        if name not in self.account.queues:
            raise aws_error("QueueDoesNotExist", "GetQueueUrl", f"no queue {name}")
        return self.account.queues[name]

    def _page(self, member: str, entries: list[Any], asked: dict[str, Any]) -> Answer:
        start = int(asked.get("NextToken", "0"))
        end = start + min(asked.get("MaxResults", 1000), self.account.page)
        # Without MaxResults AWS gives a first page only, and no token.
        more = {"NextToken": str(end)} if "MaxResults" in asked and end < len(entries) else {}
        return ({member: entries[start:end]} if entries else {}) | more


@contextmanager
def quiet(client: ScriptedSqs) -> Iterator[ScriptedSqs]:
    """The client while nothing goes wrong: for what a test does itself."""
    faults, client.faults = client.faults, no_faults
    try:
        yield client
    finally:
        client.faults = faults


__all__ = ["ACCOUNT", "REGION", "ScriptedSqs", "SqsAccount", "ms", "quiet"]
