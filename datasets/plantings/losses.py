"""Losses: what should have come and did not, and what is absent by right."""

import itertools
import json
from typing import Any

from connectors.record import Cause, Mode
from datasets.aws.functions import Function
from datasets.aws.kpl import ToPack
from datasets.aws.queues import Queue
from datasets.aws.streams import HASH_KEYS, Put, Stream
from datasets.aws.tables import TTL, Image
from datasets.plantings.duplicates import LITTLE, metering, reading
from datasets.shop import Planting, Shop

NEIGHBOURS = 20
"""Handled records around one that is not: what is logged must show nearly all to show that one is not there."""
STEP_S = 15.0
"""Between the versions of a planted order."""


def sequence_gap(shop: Shop, nth: int) -> None:
    """One version of an order, or several, never sent."""
    versions = (1, 2, 4, 5) if nth % 2 == 0 else (1, 5, 6)
    order = _versions(shop, versions)
    missing = sorted(set(range(1, max(versions))) - set(versions))
    what = f"version {', '.join(map(str, missing))} never sent"
    shop.story.plant("sequence_gap", shop.events.arn, order, what, missing=missing)


def _versions(shop: Shop, versions: tuple[int, ...], last_s: float | None = None) -> str:
    """An order whose versions come in this order; returns its id."""
    order, customer = shop.order_id(), shop.customer()
    lasts_s = STEP_S * len(versions)
    now_s = shop.story.moment(lasts_s) if last_s is None else last_s - lasts_s + STEP_S
    for place, version in enumerate(versions):
        shop.event(order, version, customer, now_s + STEP_S * place)
    return order


def image_chain_break(shop: Shop, nth: int) -> None:
    """A change of an item that the stream does not have, or has after the one that came after it."""
    item, now_s = f"item-{shop.story.number('item'):05d}", shop.story.moment(200)
    states: list[Image | None] = [None, *({"count": {"N": str(n)}} for n in (9, 8, 7, 6))]
    changes = list(itertools.pairwise(states))
    if nth % 2:
        changes[1], changes[2] = changes[2], changes[1]
        verdict = "reordered"
    else:
        del changes[2]
        verdict = "lost"
    for place, (old, new) in enumerate(changes):
        shop.stock.change(item, new, old, now_s + 20 * place)
    key, arn = shop.stock.key(item), shop.stock.arn
    what = f"a change {verdict}"
    shop.story.plant("image_chain_break", arn, key, what, verdict=verdict)


def fanout_missing(shop: Shop, nth: int) -> None:
    """A publish that one of the queues behind the topic should have had, and has not."""
    queue = (shop.audit, shop.billing, shop.fraud, shop.archive)[nth % 4]
    now_s = shop.story.moment(60)
    found, _ = shop.publish(now_s, lost_at=(queue,), amount=150, event="paid")
    what = f"no copy in {queue.name}"
    is_told = queue is not shop.archive  # raw copies do not say of which publish they are
    shop.story.plant("fanout_missing", queue.arn, found, what, wanted=is_told)


def kpl_outside_shard(shop: Shop, nth: int) -> None:
    """An aggregate with a user record whose key belongs to another shard: the library's map was stale."""
    stream = metering(shop)
    here, other = stream.shards[nth % 2], stream.shards[1 - nth % 2]
    pack = [ToPack(stream.key_in(shard, "meter"), reading(shop)) for shard in (here, other, here)]
    put = stream.aggregate(pack, shop.story.moment())
    what = "its second user record belongs to the other shard"
    shop.story.plant("kpl_outside_shard", stream.arn, put.record_id, what, sub_sequences=[1])


def expired(shop: Shop, nth: int) -> None:
    """Records that grow too old while nobody reads, or a message that nobody takes before it is dropped."""
    if nth % 2:
        _expired_message(shop)
    else:
        _expired_records(shop)


AGE_S = 60
"""MaximumRecordAgeInSeconds of the mapping."""
IDLE_S = 90
"""For so long its function is not called."""


def _expired_records(shop: Shop) -> None:
    stream, function, now_s = _telemetry(shop)
    for place in range(5):
        arrived_s = now_s + 5 * place
        put = stream.put(f"device-{place}", b'{"n":%d}' % place, arrived_s)
        if place in (0, 4):  # one before the pause, one that is young enough after it
            late_s = 0.4 if place == 0 else IDLE_S - 4 * 5 + 1
            function.handle([put], arrived_s + min(late_s, AGE_S - 1), 30)
            continue
        what = f"older than {AGE_S} s when its function was called again"
        shop.story.plant("expired", stream.arn, put.record_id, what)


def _telemetry(shop: Shop) -> tuple[Stream, Function, float]:
    """A stream of its own whose function takes nothing older than a minute, and when a pause of it may begin.

    A record every so often, handled; but none is put while the pause lasts.
    """
    number = shop.story.number("telemetry")
    stream = Stream(shop.story, f"telemetry-{number}", 1)
    mapping = {"MaximumRecordAgeInSeconds": AGE_S, "MaximumRetryAttempts": -1, "BatchSize": 10}
    function = Function(shop.story, f"ingest-{number}", sources=[(stream, mapping)])
    pause_s = shop.story.moment(300)
    for place in range(1, 60):
        now_s = shop.story.length_s * place / 60
        if now_s < pause_s - 1 or now_s > pause_s + 2 * IDLE_S:
            put = stream.put(f"device-x{place}", b'{"x":%d}' % place, now_s)
            function.handle([put], now_s + 0.3, 25)
    return stream, function, pause_s


def _expired_message(shop: Shop) -> None:
    queue, _ = shop.part("invoices", lambda: _invoices(shop))
    now_s = shop.story.random.uniform(0.1, 0.3) * shop.story.length_s
    message = queue.send(shop.payment(), now_s)
    queue.look(now_s + queue.retention_s - 30, [message])
    queue.take(message)
    what = "still there half a minute before its retention was over, and never handled"
    shop.story.plant("expired", queue.arn, message.message_id, what)


def _invoices(shop: Shop) -> tuple[Queue, Function]:
    """A queue that keeps messages for ten minutes, looked into, and its function."""
    queue = Queue(shop.story, "invoices", retention_s=600, mode=Mode.PEEK)
    function = Function(shop.story, "invoice", sources=[(queue, {"BatchSize": 1})])
    for number in range(1, 30):
        now_s = shop.story.length_s * number / 30
        message = queue.send(shop.payment(), now_s)
        function.receive(queue, [message], now_s + 0.3, 45)
        queue.take(message)
    return queue, function


def unhandled(shop: Shop, nth: int) -> None:
    """A record that no request was given, between others of its shard that were handled in time."""
    now_s, customer = shop.story.moment(200), shop.customer()
    for neighbour in range(NEIGHBOURS):
        shop.event(shop.order_id(), 1, customer, now_s + 8 * neighbour)
    put = shop.event(shop.order_id(), 1, customer, now_s + 4 + 8 * (NEIGHBOURS // 2), handled=False)
    what = "given to no request, between others that were"
    shop.story.plant("unhandled", shop.events.arn, put.record_id, what)


def capture_hole(shop: Shop, nth: int) -> None:
    """A span of a shard that could not be read."""
    stream = Stream(shop.story, f"trail-{shop.story.number('trail')}", 1)
    [shard] = stream.shards
    for number in range(30):
        stream.put(
            f"user-{number}", b'{"seen":%d}' % number, shop.story.length_s * (number + 1) / 33
        )
    cause = (Cause.CORRUPT_PAGE, Cause.TRIMMED, Cause.UNREADABLE)[nth % 3]
    from_s = shop.story.moment(900)
    stream.miss(shard, from_s, from_s + 600, cause)
    what = f"ten minutes not read: {cause}"
    shop.story.plant("capture_hole", stream.arn, shard.shard_id, what, cause=str(cause))


PLANTINGS: dict[str, Planting] = {
    "sequence_gap": sequence_gap,
    "image_chain_break": image_chain_break,
    "fanout_missing": fanout_missing,
    "kpl_outside_shard": kpl_outside_shard,
    "expired": expired,
    "unhandled": unhandled,
    "capture_hole": capture_hole,
}


def no_gaps(shop: Shop, nth: int) -> None:
    """Numbers that begin late, begin again, come twice, are still to come, or were not read."""
    match nth % 6:
        case 0:
            _versions(shop, (3, 4, 5))
        case 1:
            _versions(shop, (1, 2, 3, 1, 2, 3))
        case 2:
            _versions(shop, (1, 2, 3), last_s=shop.story.length_s - 8)
        case 3:  # what is missing between them may still come
            order, customer = shop.order_id(), shop.customer()
            shop.event(order, 1, customer, shop.story.length_s - 40)
            shop.event(order, 3, customer, shop.story.captured_at_s - 1, handled=False)
        case 4:
            _order_across_a_split(shop)
        case _:
            _gap_in_a_hole(shop)


def _order_across_a_split(shop: Shop) -> None:
    stream = Stream(shop.story, f"trail-{shop.story.number('trail')}", 1)
    [parent], order, now_s = stream.shards, shop.order_id(), shop.story.moment(100)
    for version in (1, 2, 3, 4):
        if version == 3:
            stream.split(parent, now_s + 45)
        put_s = now_s + 20 * version
        stream.put("user-1", shop.event_data(order, version, put_s - 0.3), put_s)


def _gap_in_a_hole(shop: Shop) -> None:
    stream = Stream(shop.story, f"trail-{shop.story.number('trail')}", 1)
    [shard], order = stream.shards, shop.order_id()
    now_s = shop.story.moment(700)
    for version in (1, 2, 3, 4):
        put_s = now_s + 100 * version
        stream.put("user-1", shop.event_data(order, version, put_s - 0.3), put_s)
    stream.miss(shard, now_s + 150, now_s + 350, Cause.TRIMMED)
    shop.story.plant("capture_hole", stream.arn, shard.shard_id, "not read", cause="trimmed")


def whole_chains(shop: Shop, nth: int) -> None:
    """Items that end and begin again, time out, or are told in other words."""
    item, now_s = f"item-{shop.story.number('item'):05d}", shop.story.moment(100)
    one: Image = {"tags": {"SS": ["a", "b"]}, "count": {"N": "1"}}
    in_other_words: Image = {"count": {"N": "1.0"}, "tags": {"SS": ["b", "a"]}}
    two: Image = {"tags": {"SS": ["a"]}, "count": {"N": "2"}}
    match nth % 3:
        case 0:
            chain: list[tuple[Image | None, Image | None]] = [(None, one), (one, None), (None, two)]
        case 1:
            chain = [(None, one), (in_other_words, two)]
        case _:
            chain = [(one, two), (two, None)]
    for place, (old, new) in enumerate(chain):
        identity = TTL if nth % 3 == 2 and new is None else None
        shop.stock.change(item, new, old, now_s + 10 * place, user_identity=identity)


def filtered_copies(shop: Shop, nth: int) -> None:
    """Publishes that a filter keeps from a queue, by attributes or by the body; one told while nobody read."""
    now_s = shop.story.moment(60)
    if nth % 3 == 0:
        shop.publish(now_s, amount=150, event="placed")
    elif nth % 3 == 1:
        shop.publish(now_s, amount=LITTLE, event="paid")
    else:
        shop.billing.miss(now_s - 5, now_s + 5, Cause.UNREADABLE)
        shop.publish(now_s, lost_at=(shop.billing,), amount=LITTLE, event="paid")
        shop.story.plant("capture_hole", shop.billing.arn, "", "ten seconds not read")


def inside_by_its_hash_key(shop: Shop, nth: int) -> None:
    """A user record whose explicit hash key belongs here, though its partition key does not."""
    stream = metering(shop)
    here, other = stream.shards
    pack = [
        ToPack(stream.key_in(here, "meter"), reading(shop)),
        ToPack(stream.key_in(other, "meter"), reading(shop), HASH_KEYS // 8),
    ]
    stream.aggregate(pack, shop.story.moment())


def old_and_handled(shop: Shop, nth: int) -> None:
    """A record handled just before it would have been too old."""
    stream, function, now_s = _telemetry(shop)
    put = stream.put(f"device-{nth}", b'{"n":%d}' % nth, now_s)
    function.handle([put], now_s + AGE_S - 2, 30)


def left_to_others(shop: Shop, nth: int) -> None:
    """Records that the mapping filters out, that came while the logs were not read, or just before their end."""
    stream, function = shop.part("signals", lambda: _signals(shop))
    now_s = shop.story.moment(60)
    if nth % 3 == 2:
        _signal(shop, stream, "alarm", shop.story.captured_at_s - 0.3)
    elif nth % 3:
        function.miss(now_s, now_s + 30, Cause.UNREADABLE)
        put = _signal(shop, stream, "alarm", now_s + 10)
        function.handle([put], now_s + 10.4, 20)
        shop.story.plant("capture_hole", function.log_group, "", "half a minute not read")
    else:
        _signal(shop, stream, "info", now_s)


def _signals(shop: Shop) -> tuple[Stream, Function]:
    """A stream of which the mapping passes alarms only."""
    stream = Stream(shop.story, "signals", 1)
    pattern = json.dumps({"data": {"kind": ["alarm"]}})
    mapping: dict[str, Any] = {"FilterCriteria": {"Filters": [{"Pattern": pattern}]}}
    function = Function(shop.story, "signal", sources=[(stream, mapping)])
    for number in range(1, 30):
        now_s = shop.story.length_s * number / 30
        function.handle([_signal(shop, stream, "alarm", now_s)], now_s + 0.3, 20)
    return stream, function


def _signal(shop: Shop, stream: Stream, kind: str, now_s: float) -> Put:
    number = shop.story.number("signal")
    data = json.dumps({"kind": kind, "signal": number}).encode()
    return stream.put(f"sensor-{number}", data, now_s)


def quiet(shop: Shop, nth: int) -> None:
    """A stream that is silent for hours, and read all the while."""
    stream = Stream(shop.story, f"quiet-{shop.story.number('quiet')}", 1)
    for now_s in (10, shop.story.length_s - 20):
        stream.put("user-1", b'{"at":"rest %d"}' % now_s, now_s)


LOOK_ALIKES: dict[str, Planting] = {
    "sequence_gap": no_gaps,
    "image_chain_break": whole_chains,
    "fanout_missing": filtered_copies,
    "kpl_outside_shard": inside_by_its_hash_key,
    "expired": old_and_handled,
    "unhandled": left_to_others,
    "capture_hole": quiet,
}
