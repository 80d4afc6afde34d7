"""A small shop, the system that every story is of: a topic, queues, streams, a table, a schedule, functions with logs.

`trade` makes its ordinary traffic, in which nothing is to be found. Plantings and look-alikes use the same parts.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from connectors.record import Mode
from datasets.aws.functions import Function
from datasets.aws.queues import Message, Queue
from datasets.aws.schedules import Rule
from datasets.aws.streams import Put, Stream
from datasets.aws.tables import TableStream
from datasets.aws.topics import Subscription, Topic
from datasets.story import Story, iso_ms

STATUSES = ("placed", "paid", "packed", "shipped")
CUSTOMERS = 400
RUNS_EVERY_S = 300
LARGE = 100
"""From this amount on the fraud queue wants an order."""
POLLED_EVERY_S = 1.0
TRAFFIC = ("events", "payments", "ledger", "orders", "stock", "reports")
"""The kinds of ordinary traffic, by where it is seen."""
_Part = TypeVar("_Part")


@dataclass(slots=True, eq=False)
class Shop:
    """The parts of the system."""

    story: Story
    audit: Queue = field(init=False)
    billing: Queue = field(init=False)
    archive: Queue = field(init=False)
    fraud: Queue = field(init=False)
    screen: Function = field(init=False)
    returns: Queue = field(init=False)
    orders: Topic = field(init=False)
    dead_payments: Queue = field(init=False)
    payments: Queue = field(init=False)
    charge: Function = field(init=False)
    ledger: Queue = field(init=False)
    post: Function = field(init=False)
    events: Stream = field(init=False)
    project: Function = field(init=False)
    stock: TableStream = field(init=False)
    _to_handle: list[Put] = field(default_factory=list, init=False)
    _parts: dict[str, object] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        story = self.story
        self.audit = Queue(story, "orders-audit", mode=Mode.DRAIN)
        self.billing = Queue(story, "orders-billing", mode=Mode.DRAIN)
        self.archive = Queue(story, "orders-archive", mode=Mode.DRAIN)
        self.fraud = Queue(story, "orders-fraud")
        self.screen = Function(story, "screen", sources=[(self.fraud, {"BatchSize": 1})])
        self.returns = Queue(story, "returns", mode=Mode.PEEK)
        self.orders = Topic(
            story,
            "orders",
            [
                Subscription(self.audit),
                Subscription(self.archive, is_raw=True),
                Subscription(
                    self.billing,
                    {"event": ["paid"]},
                    passes=lambda message, attributes: attributes.get("event") == "paid",
                ),
                Subscription(
                    self.fraud,
                    {"amount": [{"numeric": [">=", LARGE]}]},
                    "MessageBody",
                    passes=lambda message, attributes: message["amount"] >= LARGE,
                ),
            ],
        )
        self.dead_payments = Queue(story, "payments-dlq", mode=Mode.PEEK)
        self.payments = Queue(
            story, "payments", max_receive_count=3, dead_letters=self.dead_payments
        )
        self.charge = Function(
            story, "charge", timeout_s=30, sources=[(self.payments, {"BatchSize": 10})]
        )
        self.ledger = Queue(story, "ledger.fifo")
        self.post = Function(story, "post", "JSON", sources=[(self.ledger, {"BatchSize": 1})])
        self.events = Stream(story, "order-events")
        self.project = Function(
            story,
            "project",
            sources=[(self.events, {"ParallelizationFactor": 10, "MaximumRetryAttempts": 5})],
        )
        self.stock = TableStream(story, "stock")

    def trade(self, records: int, traffic: Sequence[str] = TRAFFIC) -> None:
        """About so many records of ordinary traffic (all of it; fewer of some), all over the story."""
        make = {
            "events": (50, self._life),
            "payments": (20, self._charge),
            "ledger": (50, self._post),
            "orders": (25, lambda: self.publish(self._any_moment())),
            "stock": (40, self._item),
        }
        for name in traffic:
            if name == "reports":
                self._report()
                continue
            one_in, once = make[name]
            for _ in range(records // one_in):
                once()

    def part(self, name: str, make: Callable[[], _Part]) -> _Part:
        """A part that only some stories have, made when it is first asked for."""
        if name not in self._parts:
            self._parts[name] = make()
        return cast(_Part, self._parts[name])

    def customer(self) -> str:
        """One of many."""
        return f"customer-{self.story.random.randrange(CUSTOMERS):03d}"

    def order_id(self) -> str:
        """A new one."""
        return f"order-{self.story.number('order'):05d}"

    def payment(self, **more: Any) -> str:
        """A message for payments or the ledger, unlike any other."""
        order: dict[str, Any] = {
            "order_id": self.order_id(),
            "amount": round(self.story.random.uniform(5, 400), 2),
        }
        return _json(order | more)

    def publish(
        self, now_s: float, *, lost_at: tuple[Queue, ...] = (), **order: Any
    ) -> tuple[str, dict[str, Message]]:
        """An order told to the topic; the fraud queue's function screens its copy. Returns as the topic does."""
        random = self.story.random
        told: dict[str, Any] = {"order_id": self.order_id(), "amount": random.randrange(5, 200)}
        told |= order
        event = told.pop("event", random.choice(("placed", "paid")))
        attributes = {"event": event}
        message_id, copies = self.orders.publish(
            told, now_s, attributes=attributes, lost_at=lost_at
        )
        if self.fraud.name in copies:
            copy = copies[self.fraud.name]
            self.screen.receive(self.fraud, [copy], now_s + self._soon(), self._some_ms())
        return message_id, copies

    def event(
        self,
        order_id: str,
        version: int,
        customer: str,
        now_s: float,
        *,
        handled: bool = True,
        event_s: float | None = None,
    ) -> Put:
        """One version of an order put into the stream; where it is handled, soon after."""
        event_s = now_s - self.story.random.uniform(0.05, 1.2) if event_s is None else event_s
        return self.put(
            customer, self.event_data(order_id, version, event_s), now_s, handled=handled
        )

    def event_data(self, order_id: str, version: int, event_s: float) -> bytes:
        """What is put for a version of an order."""
        status = STATUSES[(version - 1) % len(STATUSES)]
        event = {"order_id": order_id, "version": version, "status": status, "at": iso_ms(event_s)}
        return _json(event).encode()

    def put(self, key: str, data: bytes, now_s: float, *, handled: bool = True) -> Put:
        """Anything put into the stream."""
        put = self.events.put(key, data, now_s)
        if handled:
            self._to_handle.append(put)
        return put

    def failed(self, message: Message, now_s: float, times: int, error: tuple[str, str]) -> float:
        """So many attempts of charging that fail, a visibility timeout apart; returns when the next is due."""
        for _ in range(times):
            self.charge.receive(self.payments, [message], now_s, self._some_ms(), error=error)
            now_s += self.payments.visibility_s + self._soon()
        return now_s

    def close(self) -> None:
        """Hand the stream's records to their function, shard by shard, in batches as they came."""
        by_shard: dict[str, list[Put]] = {}
        for put in sorted(self._to_handle, key=lambda put: put.sequence_number):
            by_shard.setdefault(put.shard_id, []).append(put)
        for puts in by_shard.values():
            free_s = 0.0
            batch: list[Put] = []
            for put in puts:
                if batch and (
                    put.arrived_s - batch[0].arrived_s > POLLED_EVERY_S or len(batch) == 10
                ):
                    free_s = self._handled(batch, free_s)
                    batch = []
                batch.append(put)
            self._handled(batch, free_s)

    def _handled(self, batch: list[Put], free_s: float) -> float:
        now_s = max(batch[-1].arrived_s + self._soon(), free_s)
        return self.project.handle(batch, now_s, self._some_ms()).ended_s + 0.02

    def _life(self) -> None:
        """An order from its first version to its last, under one customer."""
        order, customer, now_s = self.order_id(), self.customer(), self._any_moment()
        for version in range(1, self.story.random.choice((2, 3, 4)) + 1):
            if now_s < self.story.length_s - 5:
                self.event(order, version, customer, now_s)
            now_s += self.story.random.uniform(20, 200)

    def _charge(self) -> None:
        now_s = self._any_moment()
        message = self.payments.send(self.payment(), now_s)
        self.charge.receive(self.payments, [message], now_s + self._soon(), self._some_ms())

    def _post(self) -> None:
        now_s = self._any_moment()
        message = self.ledger.send(self.payment(), now_s, group=self.customer())
        self.post.receive(self.ledger, [message], now_s + self._soon(), self._some_ms())

    def _report(self) -> None:
        function = Function(self.story, "report", "JSON")
        rule = Rule(self.story, "report-often", "rate(5 minutes)", function)
        for run in range(1, int(self.story.length_s) // RUNS_EVERY_S):
            rule.run(run * RUNS_EVERY_S, self.story.random.uniform(0.5, 20))

    def _item(self) -> None:
        """An item's changes, each from what it was before."""
        item, now_s = f"item-{self.story.number('item'):05d}", self._any_moment()
        before = None
        for count in range(self.story.random.choice((2, 3, 5))):
            after = {"count": {"N": str(100 - count)}, "shelf": {"S": "a"}}
            if now_s < self.story.length_s - 5:
                self.stock.change(item, after, before, now_s)
            before = after
            now_s += self.story.random.uniform(5, 200)

    def _any_moment(self) -> float:
        return round(self.story.random.uniform(2, self.story.length_s - 10), 3)

    def _soon(self) -> float:
        return self.story.random.uniform(0.1, 0.6)

    def _some_ms(self) -> float:
        return self.story.random.uniform(20, 400)


Planting = Callable[[Shop, int], None]
"""Plants the nth fault, or look-alike, of a kind."""


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
