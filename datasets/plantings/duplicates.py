"""Duplicates: nine ways in which something comes twice, and what comes twice by right."""

import hashlib
import json

from datasets.aws.functions import Function
from datasets.aws.kpl import ToPack
from datasets.aws.queues import Queue
from datasets.aws.streams import Stream
from datasets.shop import Planting, Shop
from workbench.trace.payload import body_hash


def redelivery(shop: Shop, nth: int) -> None:
    """A charge fails once and is delivered again; or others received a message twice before we look."""
    if nth % 2:
        message = shop.returns.send(shop.payment(), shop.story.moment())
        message.receives, message.first_received_s = 2, message.sent_s + 1
        source, what = shop.returns.arn, "received twice by others, and still there"
    else:
        now_s = shop.story.moment(90)
        message = shop.payments.send(shop.payment(), now_s)
        error = (
            "ConnectionError",
            f"gateway reset after {shop.story.random.randrange(9_000)} bytes",
        )
        next_s = shop.failed(message, now_s + 0.3, 1, error)
        shop.charge.receive(shop.payments, [message], next_s, 80)
        source, what = shop.payments.arn, "failed once, then charged"
    shop.story.plant("redelivery", source, message.message_id, what)


def overlapping_redelivery(shop: Shop, nth: int) -> None:
    """A charge takes longer than the visibility timeout: another instance charges meanwhile."""
    now_s, hidden_s = shop.story.moment(120), shop.payments.visibility_s
    message = shop.payments.send(shop.payment(), now_s)
    takes_ms = (hidden_s + 5 + nth) * 1_000.0
    shop.charge.timeout_s = 60
    shop.charge.receive(shop.payments, [message], now_s + 0.2, takes_ms)
    shop.charge.receive(shop.payments, [message], now_s + 0.7 + hidden_s, takes_ms)
    what = f"took {takes_ms / 1_000:g} s of {hidden_s} s visibility"
    shop.story.plant("overlapping_redelivery", shop.payments.arn, message.message_id, what)


def producer_resend(shop: Shop, nth: int) -> None:
    """A client that timed out sends again: to a queue, or to a topic and so to every queue behind it."""
    now_s, again_s = shop.story.moment(10), shop.story.random.uniform(0.8, 4)
    order = shop.order_id()
    if nth % 2:
        for sent_s in (now_s, now_s + again_s):
            shop.publish(sent_s, order_id=order, amount=LITTLE, event="placed")
        message = json.dumps({"order_id": order, "amount": LITTLE}, separators=(",", ":"))
        for source in (shop.orders.arn, shop.audit.arn, shop.archive.arn):
            _resent(shop, source, message, order)
        return
    body = json.dumps({"order_id": order, "amount": 12.5})
    for sent_s in (now_s, now_s + again_s):
        message_sent = shop.payments.send(body, sent_s)
        shop.charge.receive(shop.payments, [message_sent], sent_s + 0.3, 90)
    _resent(shop, shop.payments.arn, body, order)


LITTLE = 20
"""An amount that the fraud queue does not want."""


def _resent(shop: Shop, source: str, content: str, order: str) -> None:
    kind, raw = "producer_resend", content.encode()
    md5 = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    shop.story.plant(
        kind,
        source,
        body_hash(raw).hex(),
        f"{order} sent twice by a client that timed out",
        (kind, source, md5),
        (kind, source, order),
    )


def fifo_dedup_escape(shop: Shop, nth: int) -> None:
    """One deduplication id accepted twice: after more than five minutes, or in another group."""
    deduplication_id = f"charge-{shop.story.number('charge')}"
    if nth % 2:
        queue = _tickets(shop)
        now_s = shop.story.moment(30)
        groups, times, what = ("a", "b"), (now_s, now_s + 20), "in two groups"
    else:
        queue = shop.ledger
        now_s = shop.story.moment(500)
        groups, times, what = ("c", "c"), (now_s, now_s + 330), "after five and a half minutes"
    body = shop.payment()
    for group, sent_s in zip(groups, times, strict=True):
        message = queue.send(body, sent_s, group=group, deduplication_id=deduplication_id)
        shop.post.receive(queue, [message], sent_s + 0.2, 40)
    shop.story.plant("fifo_dedup_escape", queue.arn, deduplication_id, f"accepted again {what}")


def _tickets(shop: Shop) -> Queue:
    """A FIFO queue that deduplicates within a group only."""

    def made() -> Queue:
        queue = Queue(shop.story, "tickets.fifo", scope="messageGroup")
        shop.post.sources.append((queue, {"BatchSize": 1}))
        return queue

    return shop.part("tickets", made)


def producer_retry(shop: Shop, nth: int) -> None:
    """A put whose answer was lost is put again."""
    now_s, order, customer = shop.story.moment(10), shop.order_id(), shop.customer()
    data = shop.event_data(order, 1, now_s - 0.2)
    for put_s in (now_s, now_s + 0.4 + nth % 3):
        shop.put(customer, data, put_s)
    what = f"{order} put twice after a lost answer"
    shop.story.plant("producer_retry", shop.events.arn, customer, what)


def consumer_reread(shop: Shop, nth: int) -> None:
    """What was handled is handled once more as a checkpoint is lost; or a batch fails and is retried whole."""
    now_s = shop.story.moment(120)
    if nth % 2:
        batch = [
            shop.event(shop.order_id(), 1, shop.customer(), now_s + n, handled=False)
            for n in range(3)
        ]
        error = ("TimeoutError", f"no answer from shard map {nth}")
        shop.project.handle(batch, now_s + 2.4, 30, error=error)
        shop.project.handle(batch, now_s + 4.1, 30)
        what = "one of a batch that failed, and was retried"
    else:
        batch = [shop.event(shop.order_id(), 1, shop.customer(), now_s)]
        shop.project.handle(batch, now_s + 60, 30)
        what = "handled again a minute later"
    for put in batch:
        shop.story.plant("consumer_reread", shop.events.arn, put.record_id, what)


def kpl_duplicate(shop: Shop, nth: int) -> None:
    """A user record that comes in two aggregates, or an aggregate that is put twice."""
    stream, now_s = metering(shop), shop.story.moment(30)
    shard = stream.shards[nth % 2]
    key = stream.key_in(shard, "meter")
    again = ToPack(key, reading(shop))
    if nth % 2:
        packs = [[again, ToPack(key, reading(shop))]] * 2
        what = "an aggregate put twice"
    else:
        others = [ToPack(stream.key_in(shard, "meter"), reading(shop)) for _ in range(2)]
        packs = [[again, others[0]], [others[1], again]]
        what = "a user record in two aggregates"
    for place, pack in enumerate(packs):
        stream.aggregate(pack, now_s + 1.5 * place)
    shop.story.plant("kpl_duplicate", stream.arn, key, what)


def metering(shop: Shop) -> Stream:
    """The stream of aggregates, with ordinary ones in it."""

    def made() -> Stream:
        stream = Stream(shop.story, "metering", 2)
        for number in range(40):
            shard = stream.shards[number % 2]
            pack = [ToPack(stream.key_in(shard, "meter"), reading(shop)) for _ in range(3)]
            stream.aggregate(pack, shop.story.moment())
        return stream

    return shop.part("metering", made)


def reading(shop: Shop) -> bytes:
    """What a meter tells; no two are equal."""
    number = shop.story.number("reading")
    return json.dumps({"reading": number, "kwh": shop.story.random.randrange(9_999)}).encode()


def fanout_duplicate(shop: Shop, nth: int) -> None:
    """SNS brings one publish to a queue twice."""
    now_s = shop.story.moment(60)
    message_id, copies = shop.publish(now_s, amount=LITTLE, event="placed")
    shop.audit.send(copies[shop.audit.name].body, now_s + 1 + 20 * (nth % 2))
    shop.story.plant("fanout_duplicate", shop.audit.arn, message_id, "two copies of one publish")


def redrive_copy(shop: Shop, nth: int) -> None:
    """A message that died before the story is redriven: it comes back under a new id."""
    now_s, story = shop.story.moment(700), shop.story
    old = shop.payments.send(shop.payment(), -3_600)
    old.receives, old.first_received_s = 3, -3_599
    shop.payments.dead_letter(old)
    shop.dead_payments.look(now_s, [old])
    shop.dead_payments.take(old)
    new = shop.payments.send(old.body, now_s + 300)
    shop.charge.receive(shop.payments, [new], now_s + 300.4, 70)
    source, dead = shop.payments.arn, shop.dead_payments.arn
    story.plant(
        "redrive_copy",
        source,
        old.message_id,
        "came back from the dead-letter queue under a new id",
        ("redrive_copy", dead, old.message_id),
    )
    for kind in ("dead_letter_cause", "redelivery"):
        what = "died before the story began"
        story.plant(kind, dead, old.message_id, what, (kind, source, old.message_id), wanted=False)


PLANTINGS: dict[str, Planting] = {
    "redelivery": redelivery,
    "overlapping_redelivery": overlapping_redelivery,
    "producer_resend": producer_resend,
    "fifo_dedup_escape": fifo_dedup_escape,
    "producer_retry": producer_retry,
    "consumer_reread": consumer_reread,
    "kpl_duplicate": kpl_duplicate,
    "fanout_duplicate": fanout_duplicate,
    "redrive_copy": redrive_copy,
}


def own_receives(shop: Shop, nth: int) -> None:
    """We look three times at a message that nobody else has received; a handler prints its event twice."""
    now_s = shop.story.moment(300)
    if nth % 2:
        message = shop.payments.send(shop.payment(), now_s)
        shop.charge.receive(shop.payments, [message], now_s + 0.3, 80, prints=2)
        return
    message = shop.returns.send(shop.payment(), now_s)
    for look_s in (20, 80):
        shop.returns.look(now_s + look_s, [message])


def clean_retry(shop: Shop, nth: int) -> None:
    """An attempt that ends with an error just before the next begins: redelivered, and nothing overlaps."""
    now_s, hidden_s = shop.story.moment(120), shop.payments.visibility_s
    message = shop.payments.send(shop.payment(), now_s)
    shop.charge.timeout_s = 60
    takes_ms, error = hidden_s * 1_000.0 - 40, ("ReadTimeout", f"try {nth}")
    shop.charge.receive(shop.payments, [message], now_s + 0.2, takes_ms, error=error)
    shop.charge.receive(shop.payments, [message], now_s + 0.2 + hidden_s, 60)
    shop.story.plant("redelivery", shop.payments.arn, message.message_id, "failed once")


def equal_contents(shop: Shop, nth: int) -> None:
    """Heartbeats at a steady beat, and one small content that many clients send by chance."""
    story = shop.story
    if nth % 2:
        times = [story.random.uniform(5, story.length_s - 20) for _ in range(30)]
        body = '{"type":"refresh"}'
    else:
        times, body = (
            [60.0 * beat + 7.3 + 11 * nth for beat in range(1, int(story.length_s) // 60)],
            '{"alive":true}',
        )
    for sent_s in sorted(times):
        message = shop.payments.send(body, sent_s)
        shop.charge.receive(shop.payments, [message], sent_s + 0.2, 20)


def other_deduplication_ids(shop: Shop, nth: int) -> None:
    """Equal bodies meant to be two, by their ids; and one id in two queues."""
    now_s, body = shop.story.moment(500), shop.payment()
    queues = (shop.ledger, shop.ledger, _tickets(shop))
    number = shop.story.number("intent")
    ids = (f"intent-{number}a", f"intent-{number}b", f"intent-{number}a")
    for place, (queue, each) in enumerate(zip(queues, ids, strict=True)):
        sent_s = now_s + 10 * place
        message = queue.send(body, sent_s, group="g", deduplication_id=each)
        shop.post.receive(queue, [message], sent_s + 0.2, 40)


def equal_data(shop: Shop, nth: int) -> None:
    """Equal data by right: a steady beat under one key, minutes apart, or under two keys."""
    now_s = shop.story.moment(600)
    if nth % 3 == 0:
        for beat in range(12):
            shop.put("probe", b'{"probe":"ok"}', now_s + 5 * beat)
    elif nth % 3 == 1:
        key = shop.customer()
        for put_s in (now_s, now_s + 420):
            shop.put(key, b'{"door":"open"}', put_s)
    else:
        number = shop.story.number("camera")
        for place in range(2):
            shop.put(f"camera-{number}-{place}", b'{"frame":0}', now_s + place)


def two_consumers(shop: Shop, nth: int) -> None:
    """Another function reads the same stream; and a request that names a record twice."""
    now_s = shop.story.moment(60)
    put = shop.event(shop.order_id(), 1, shop.customer(), now_s)
    index = shop.part("index", lambda: Function(shop.story, "index", sources=[(shop.events, {})]))
    index.handle([put, put], now_s + 1.4, 35)


def equal_user_records(shop: Shop, nth: int) -> None:
    """Two equal user records in one aggregate: the producer meant both."""
    stream = metering(shop)
    key = stream.key_in(stream.shards[0], "meter")
    twice = ToPack(key, reading(shop))
    stream.aggregate([twice, twice], shop.story.moment())


def expected_copies(shop: Shop, nth: int) -> None:
    """One publish in each of three queues, and one copy that we drain twice, as deleting it came too late."""
    now_s = shop.story.moment(100)
    _, copies = shop.publish(now_s, amount=150, event="paid")
    shop.audit.look(now_s + 30, [copies[shop.audit.name]])


def dead_and_resent(shop: Shop, nth: int) -> None:
    """A message in the dead-letter queue that nobody redrove."""
    story = shop.story
    old = shop.payments.send(shop.payment(), -3_600)
    old.receives, old.first_received_s = 3, -3_599
    shop.payments.dead_letter(old)
    for kind in ("dead_letter_cause", "redelivery"):
        name = (kind, shop.payments.arn, old.message_id)
        what = "died before the story began"
        story.plant(kind, shop.dead_payments.arn, old.message_id, what, name, wanted=False)


LOOK_ALIKES: dict[str, Planting] = {
    "redelivery": own_receives,
    "overlapping_redelivery": clean_retry,
    "producer_resend": equal_contents,
    "fifo_dedup_escape": other_deduplication_ids,
    "producer_retry": equal_data,
    "consumer_reread": two_consumers,
    "kpl_duplicate": equal_user_records,
    "fanout_duplicate": expected_copies,
    "redrive_copy": dead_and_resent,
}
