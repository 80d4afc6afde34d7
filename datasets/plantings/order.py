"""Order: neighbours that come the wrong way round, events that come late, children before their parents."""

import itertools
import json

from datasets.aws.functions import Function
from datasets.aws.streams import Put, Stream
from datasets.shop import Planting, Shop
from datasets.story import iso_ms

CALLS_A_PHONE = 1_500
"""Events that come in time for each that comes late: the bound keeps 99.9 %."""


def inversion(shop: Shop, nth: int) -> None:
    """Two versions of an order put the wrong way round, so close together that no event is late."""
    order, customer, now_s = shop.order_id(), shop.customer(), shop.story.moment(60)
    for version, after_s in ((1, 0.0), (3, 10.0), (2, 10.6), (4, 25.0)):
        shop.event(order, version, customer, now_s + after_s)
    what = "version 3 put before version 2"
    name = ("inversion", shop.events.arn, customer)
    shop.story.plant("inversion", shop.events.arn, order, what, name, displacement=1)


def late_arrival(shop: Shop, nth: int) -> None:
    """A telephone that had no network tells what it saw much later."""
    stream = _phones(shop)
    late_s = 1_200.0 + 300 * (nth % 4)
    put_s = shop.story.length_s * (0.5 + 0.04 * (nth % 10))
    put = _seen(shop, stream, put_s, put_s - late_s)
    what = f"told {late_s:g} s later"
    shop.story.plant("late_arrival", stream.arn, put.record_id, what)


def _phones(shop: Shop, more: int = 1) -> Stream:
    """A stream of telephones' events; so many more of them in time."""
    stream = shop.part("phones", lambda: Stream(shop.story, "phones", 2))
    for _ in range(CALLS_A_PHONE * more):
        put_s = shop.story.random.uniform(5, shop.story.length_s - 5)
        _seen(shop, stream, put_s, put_s - shop.story.random.uniform(0.05, 1.4))
    return stream


def _seen(shop: Shop, stream: Stream, put_s: float, event_s: float) -> Put:
    number = shop.story.number("seen")
    data = json.dumps({"seen": number, "at": iso_ms(event_s)}, separators=(",", ":")).encode()
    return stream.put(f"phone-{number}", data, put_s)


def child_before_parent(shop: Shop, nth: int) -> None:
    """After a split one of the new shards is read at once, though the old one is not finished."""
    _resharded(shop, early=True)


def _resharded(shop: Shop, *, early: bool) -> None:
    """A stream that is split; its old shard is finished twenty seconds later."""
    number = shop.story.number("carts")
    stream = Stream(shop.story, f"carts-{number}", 1)
    function = Function(shop.story, f"carts-{number}", sources=[(stream, {})])
    [parent], split_s = stream.shards, shop.story.moment(300)
    before = [_cart(shop, stream, split_s - 20 + 2 * place) for place in range(10)]
    for put in before[:5]:
        function.handle([put], put.arrived_s + 0.3, 25)
    children = stream.split(parent, split_s)
    done_s = split_s + 20
    function.handle(before[5:], done_s - 1.5, 1_200)
    for child in children:
        begins_s = split_s + 3 if early and child is children[0] else done_s + 0.05
        for place in range(3):
            key = stream.key_in(child, "cart")
            put = _cart(shop, stream, split_s + 1 + place, key)
            function.handle([put], begins_s + place, 25)
    if early:
        first = children[0].shard_id
        what = f"read 17 s before {parent.shard_id} was finished"
        shop.story.plant("child_before_parent", stream.arn, first, what)


def _cart(shop: Shop, stream: Stream, now_s: float, key: str | None = None) -> Put:
    number = shop.story.number("cart")
    data = json.dumps({"cart": number}).encode()
    return stream.put(key or f"cart-{number}", data, now_s)


PLANTINGS: dict[str, Planting] = {
    "inversion": inversion,
    "late_arrival": late_arrival,
    "child_before_parent": child_before_parent,
}


def no_order_promised(shop: Shop, nth: int) -> None:
    """Versions in a standard queue, of an item within one second, or repeated."""
    now_s = shop.story.moment(60)
    if nth % 2:
        order = shop.order_id()
        for version, after_s in ((2, 0.0), (1, 0.7), (3, 1.1)):
            body = shop.event_data(order, version, now_s).decode()
            message = shop.payments.send(body, now_s + after_s)
            shop.charge.receive(shop.payments, [message], now_s + after_s + 0.3, 40)
        what = "versions of an order in a queue that promises none"
        shop.story.plant("inversion", shop.payments.arn, order, what, wanted=False)
        return
    item = f"item-{shop.story.number('item'):05d}"
    states = [None, *({"version": {"N": str(n)}} for n in (1, 2, 3))]
    for place, (old, new) in enumerate(itertools.pairwise(states)):
        shop.stock.change(item, new, old, float(int(now_s)) + 0.2 * place)


def late_within_bound(shop: Shop, nth: int) -> None:
    """Events a little late, as many are."""
    _phones(shop)


def finished_just_before(shop: Shop, nth: int) -> None:
    """Both new shards are read as soon as the old one is finished."""
    _resharded(shop, early=False)


LOOK_ALIKES: dict[str, Planting] = {
    "inversion": no_order_promised,
    "late_arrival": late_within_bound,
    "child_before_parent": finished_just_before,
}
