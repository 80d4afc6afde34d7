"""Consumers and load: what makes the reading side sick, and what only looks sick."""

import json
from collections.abc import Callable
from typing import Any

from connectors.record import Cause
from datasets.aws.functions import Function
from datasets.aws.queues import Message, Queue
from datasets.aws.schedules import Rule
from datasets.aws.streams import Stream
from datasets.shop import RUNS_EVERY_S, Planting, Shop
from datasets.story import at

LOAD = 600
"""Records of a stream whose keys or shards are judged."""
ARRIVALS = 150
"""Messages before, in and after a storm, ten seconds apart."""


def poison_record(shop: Shop, nth: int) -> None:
    """A message, or a stream's record, that fails every attempt in the same way, while its neighbours pass."""
    if nth % 2:
        _poison_put(shop)
    else:
        _poison_message(shop)


def _poison_message(shop: Shop) -> None:
    queue, function = shop.part("imports", lambda: _imports(shop))
    now_s = shop.story.moment(400, apart="imports")
    poison, mate = (queue.send(shop.payment(), now_s + 0.1 * n) for n in range(2))
    error = ("ValueError", "could not convert string to float: '12,50'")
    function.receive(queue, [poison, mate], now_s + 0.4, 40, error=error)
    for attempt in range(1, 5):
        next_s = now_s + attempt * (queue.visibility_s + 1)
        function.receive(queue, [poison], next_s, 40, error=error)
    function.receive(queue, [mate], now_s + queue.visibility_s + 2, 50)
    plant = shop.story.plant
    plant("poison_record", queue.arn, poison.message_id, "a total with a comma fails five times")
    plant("redelivery", queue.arn, mate.message_id, "failed once, beside a poisonous message")


def _imports(shop: Shop) -> tuple[Queue, Function]:
    """A queue without a dead-letter queue, and its function; a message every so often."""
    queue = Queue(shop.story, "imports")
    function = Function(shop.story, "import-order", sources=[(queue, {"BatchSize": 10})])
    for number in range(1, 40):
        now_s = shop.story.length_s * number / 40
        message = queue.send(shop.payment(), now_s)
        function.receive(queue, [message], now_s + 0.3, 45)
    return queue, function


def _poison_put(shop: Shop) -> None:
    now_s = shop.story.moment(200)
    put = shop.event(shop.order_id(), 1, shop.customer(), now_s, handled=False)
    for neighbour_s in (-30, -8, 5, 20, 50):
        shop.event(shop.order_id(), 1, shop.customer(), now_s + neighbour_s)
    error = ("KeyError", "'currency'")
    for attempt in range(6):
        shop.project.handle([put], now_s + 0.4 + 2.0**attempt, 30, error=error)
    what = "fails six times for want of a currency, then is given up"
    shop.story.plant("poison_record", shop.events.arn, put.record_id, what)


def retry_storm(shop: Shop, nth: int) -> None:
    """For five minutes everything times out: what comes again adds to what comes."""
    number = shop.story.number("notifications")
    queue = Queue(shop.story, f"notifications-{number}", visibility_s=40)
    function = Function(
        shop.story, f"notify-{number}", timeout_s=30, sources=[(queue, {"BatchSize": 1})]
    )
    begins_s = shop.story.random.uniform(0.2, 0.5) * (shop.story.length_s - 1_800)
    ends_s = begins_s + 300
    for place in range(ARRIVALS):
        sent_s = begins_s - 600 + 10 * place
        message = queue.send(shop.payment(), sent_s)
        now_s, again = sent_s + 0.3, False
        while begins_s <= now_s < ends_s:
            function.receive(queue, [message], now_s, 30_000, timed_out=True)
            now_s, again = now_s + queue.visibility_s + 0.5, True
        function.receive(queue, [message], now_s, 60)
        if again:
            what = "came again in a storm"
            _allow(shop, queue.arn, message, what, "redelivery", "poison_record")
    what = "300 s in which every attempt timed out and came again"
    shop.story.plant("retry_storm", queue.arn, queue.arn, what)


def dead_letter_cause(shop: Shop, nth: int) -> None:
    """A message that dies of what is told by its lines, or by there being none."""
    cause, attempts = DEATHS[nth % len(DEATHS)]
    now_s, queue = shop.story.moment(400), shop.payments
    message = queue.send(shop.payment(), now_s)
    for attempt in range(3):
        started_s = now_s + 0.4 + attempt * (queue.visibility_s + 1)
        if attempts is None:
            message.received(started_s)
        else:
            shop.charge.receive(queue, [message], started_s, **attempts)
    queue.dead_letter(message)
    dead, key = shop.dead_payments.arn, message.message_id
    name = ("dead_letter_cause", queue.arn, key)
    shop.story.plant("dead_letter_cause", dead, key, f"three times: {cause}", name, cause=cause)
    _allow(shop, queue.arn, message, f"three times: {cause}", "poison_record", "redelivery")
    _allow(shop, dead, message, f"three times: {cause}", "redelivery")
    if cause == "visibility":
        shop.charge.timeout_s = 60
        _allow(shop, queue.arn, message, "took too long", "overlapping_redelivery")


DEATHS: tuple[tuple[str, dict[str, Any] | None], ...] = (
    ("error", {"duration_ms": 50, "error": ("KeyError", "'card'")}),
    ("timeout", {"duration_ms": 30_000, "timed_out": True}),
    ("memory", {"duration_ms": 1_200, "killed": True}),
    ("throttle", None),
    ("visibility", {"duration_ms": 35_000}),
)
"""Causes, and how each attempt ends; None: no attempt reaches the function."""


def _allow(shop: Shop, arn: str, message: Message, what: str, *kinds: str) -> None:
    """What may be told of a message besides, as it is true."""
    for kind in kinds:
        shop.story.plant(kind, arn, message.message_id, what, wanted=False)


def cold_start(shop: Shop, nth: int) -> None:
    """An instance that is made for a request."""
    now_s = shop.story.moment(60)
    if nth % 2:
        message = shop.ledger.send(shop.payment(), now_s, group=shop.customer())
        function, queue = shop.post, shop.ledger
    else:
        message = shop.payments.send(shop.payment(), now_s)
        function, queue = shop.charge, shop.payments
    init_ms = 640.5 + nth
    started = function.receive(queue, [message], now_s + 1.2, 90, init_ms=init_ms)
    name = ("cold_start", queue.arn, started.request_id)
    what = f"initialised for {init_ms:g} ms"
    shop.story.plant(
        "cold_start", function.log_group, started.request_id, what, name, init_ms=init_ms
    )


def hot_key(shop: Shop, nth: int) -> None:
    """Two records of five are one customer's."""
    stream = Stream(shop.story, f"clicks-{shop.story.number('clicks')}")
    hot = stream.key_in(stream.shards[nth % 4], "customer")
    _load(shop, stream, lambda: hot if shop.story.random.random() < 0.4 else shop.customer())
    what = "40 % of all records"
    shop.story.plant("hot_key", stream.arn, hot, what)


def hot_shard(shop: Shop, nth: int) -> None:
    """Many keys, none of them hot, that meet in one shard."""
    stream = Stream(shop.story, f"scans-{shop.story.number('scans')}")
    shard = stream.shards[nth % 4]
    keys = [stream.key_in(shard, "scanner") for _ in range(120)]
    random = shop.story.random
    _load(shop, stream, lambda: random.choice(keys) if random.random() < 0.7 else shop.customer())
    what = "over 70 % of all records, of 120 keys and more"
    shop.story.plant("hot_shard", stream.arn, shard.shard_id, what)


def _load(shop: Shop, stream: Stream, key: Callable[[], str]) -> None:
    for _ in range(LOAD):
        put_s = shop.story.random.uniform(5, shop.story.length_s - 5)
        number = shop.story.number("click")
        stream.put(key(), b'{"click":%d}' % number, put_s)


def missed_schedule(shop: Shop, nth: int) -> None:
    """A rule that did not run once when it should have."""
    number = shop.story.number("sync")
    expression = ("rate(5 minutes)", "cron(0/5 * * * ? *)")[nth % 2]
    function = Function(shop.story, f"sync-{number}", "JSON" if nth % 2 else "Text")
    rule = Rule(shop.story, f"sync-{number}", expression, function)
    runs = range(1, int(shop.story.length_s) // RUNS_EVERY_S)
    missed = shop.story.random.choice(runs[3:-3])
    for run in runs:
        if run != missed:
            rule.run(run * RUNS_EVERY_S, shop.story.random.uniform(0.5, 20))
    plant_missed(shop, rule, missed * RUNS_EVERY_S)


def plant_missed(shop: Shop, rule: Rule, expected_s: float) -> None:
    """Say that a run did not come; its finding may be of the rule, its bus, or the function's logs."""
    instant = at(expected_s)
    spelled = (
        instant.strftime("%Y-%m-%dT%H:%M:%SZ"),
        instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    )
    names = [
        ("missed_schedule", source, f"{named}{between}{text}")
        for source in (rule.arn, rule.bus, rule.function.log_group)
        for named in (rule.arn, rule.name)
        for between in (" ", "@")
        for text in spelled
    ]
    first, *others = names
    shop.story.plant(*first, "a run that did not come", *others)


def throttled(shop: Shop, nth: int) -> None:
    """A table that refuses a function's writes for going too fast."""
    number = shop.story.number("exports")
    queue = Queue(shop.story, f"exports-{number}")
    function = Function(
        shop.story,
        f"export-{number}",
        ("Text", "JSON")[nth % 2],
        sources=[(queue, {"BatchSize": 1})],
    )
    refused = (
        "An error occurred (ProvisionedThroughputExceededException) when calling the PutItem operation"
        " (reached max retries: 3): The level of configured provisioned throughput was exceeded"
    )
    begins_s = shop.story.moment(100)
    for place in range(12):
        now_s = begins_s + 6 * place
        message = queue.send(shop.payment(), now_s)
        warned = (refused,) if place in (5, 6, 7) else ()
        function.receive(queue, [message], now_s + 0.3, 400, warned=warned)
    sources = (function.log_group, queue.arn, function.arn)
    keys = (*sources, function.name, queue.name)
    first, *others = [("throttled", source, key) for source in sources for key in keys]
    shop.story.plant(*first, "three requests told of refused writes", *others)


PLANTINGS: dict[str, Planting] = {
    "poison_record": poison_record,
    "retry_storm": retry_storm,
    "dead_letter_cause": dead_letter_cause,
    "cold_start": cold_start,
    "hot_key": hot_key,
    "hot_shard": hot_shard,
    "missed_schedule": missed_schedule,
    "throttled": throttled,
}


def outage(shop: Shop, nth: int) -> None:
    """A minute in which every message fails once, and passes later."""
    queue, function = shop.part("imports", lambda: _imports(shop))
    now_s = shop.story.moment(120, apart="imports")
    for place in range(4):
        sent_s = now_s + 3 * place
        message = queue.send(shop.payment(), sent_s)
        error = ("ConnectionError", "stock service unavailable")
        function.receive(queue, [message], sent_s + 0.3, 40, error=error)
        function.receive(queue, [message], sent_s + queue.visibility_s + 1, 40)
        shop.story.plant("redelivery", queue.arn, message.message_id, "failed once in an outage")


def burst(shop: Shop, nth: int) -> None:
    """Ten times as many messages as before, each received once."""
    number = shop.story.number("notifications")
    queue = Queue(shop.story, f"notifications-{number}", visibility_s=40)
    function = Function(shop.story, f"notify-{number}", sources=[(queue, {"BatchSize": 1})])
    begins_s = shop.story.moment(1_000)
    times = [begins_s - 300 + 10 * n for n in range(30)] + [begins_s + n for n in range(120)]
    for sent_s in times:
        message = queue.send(shop.payment(), max(1.0, sent_s))
        function.receive(queue, [message], max(1.0, sent_s) + 0.3, 60)


def dead_elsewhere(shop: Shop, nth: int) -> None:
    """A message with many receives in a queue that is no dead-letter queue."""
    message = shop.returns.send(shop.payment(), shop.story.moment(60))
    message.receives, message.first_received_s = 4, message.sent_s + 1
    shop.story.plant("redelivery", shop.returns.arn, message.message_id, "received four times")


def warm_starts(shop: Shop, nth: int) -> None:
    """An instance made ahead of any request, and one that is restored from a snapshot."""
    now_s = shop.story.moment(60)
    if nth % 2:
        shop.post.initialise_ahead(now_s)
        return
    message = shop.payments.send(shop.payment(), now_s)
    shop.charge.receive(shop.payments, [message], now_s + 0.9, 90, restore_ms=310.0)


def one_shard(shop: Shop, nth: int) -> None:
    """A stream of a single shard, where every key's share is large."""
    stream = Stream(shop.story, f"solo-{shop.story.number('solo')}", 1)
    for number in range(200):
        put_s = shop.story.length_s * (number + 1) / 202
        stream.put(f"tenant-{number % 3}", b'{"solo":%d}' % number, put_s)


def even_shards(shop: Shop, nth: int) -> None:
    """Keys of which some are busier than others, spread over four shards."""
    stream = Stream(shop.story, f"even-{shop.story.number('even')}")
    random = shop.story.random
    _load(shop, stream, lambda: f"user-{random.randrange(500 if random.random() < 0.7 else 20)}")


def no_run_missed(shop: Shop, nth: int) -> None:
    """A rule that is switched off, one that runs unevenly, one whose logs were not read once."""
    number = shop.story.number("sync")
    function = Function(shop.story, f"sync-{number}")
    state = "DISABLED" if nth % 3 == 0 else "ENABLED"
    rule = Rule(shop.story, f"sync-{number}", "rate(5 minutes)", function, state)
    if nth % 3 == 0:
        return
    for run in range(1, int(shop.story.length_s) // RUNS_EVERY_S):
        rule.run(run * RUNS_EVERY_S, shop.story.random.uniform(0.5, 50))
    if nth % 3 == 2:
        function.miss(10 * RUNS_EVERY_S - 20, 10 * RUNS_EVERY_S + 100, Cause.UNREADABLE)
        shop.story.plant("capture_hole", function.log_group, "", "two minutes not read")


def talk_of_throttles(shop: Shop, nth: int) -> None:
    """Lines that speak of throttles, and tell of none; a message that does."""
    now_s = shop.story.moment(30)
    body = shop.payment(subject="ThrottlingException: Rate exceeded, says your API")
    message = shop.payments.send(body if nth % 2 else shop.payment(), now_s)
    said = ("throttle valve at 40 %", json.dumps({"throttled": False, "rate": "not exceeded"}))
    shop.charge.receive(shop.payments, [message], now_s + 0.4, 70, said=said)


LOOK_ALIKES: dict[str, Planting] = {
    "poison_record": outage,
    "retry_storm": burst,
    "dead_letter_cause": dead_elsewhere,
    "cold_start": warm_starts,
    "hot_key": one_shard,
    "hot_shard": even_shards,
    "missed_schedule": no_run_missed,
    "throttled": talk_of_throttles,
}
