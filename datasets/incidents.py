"""Named incidents: small datasets, each the trace of one kind of trouble, that come with the workbench."""

from collections.abc import Callable
from dataclasses import dataclass

from datasets.aws.functions import Function
from datasets.aws.schedules import Rule
from datasets.plantings import LOOK_ALIKES, PLANTINGS
from datasets.plantings.consumers import plant_missed
from datasets.shop import Shop
from datasets.story import Story, Told

HOUR_S, DAY_S = 3_600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Incident:
    """What happens, in how long, beside how much ordinary traffic."""

    name: str
    about: str
    """One line for the list of datasets."""
    happens: Callable[[Shop], None]
    seed: int
    length_s: float = HOUR_S
    records: int = 300
    traffic: tuple[str, ...] = ()

    def told(self) -> Told:
        """The dataset."""
        story = Story(self.seed, self.length_s)
        shop = Shop(story)
        shop.trade(self.records, self.traffic)
        self.happens(shop)
        shop.close()
        return story.told(with_silent=False)


def _of(**planted: int) -> Callable[[Shop], None]:
    """So many faults of each kind; `like_KIND` are look-alikes of it."""

    def happens(shop: Shop) -> None:
        for name, count in planted.items():
            plant = (LOOK_ALIKES if name.startswith("like_") else PLANTINGS)[
                name.removeprefix("like_")
            ]
            for nth in range(count):
                plant(shop, nth)

    return happens


def _midnights(shop: Shop) -> None:
    """Five nights, one of which is left out."""
    function = Function(shop.story, "close-the-books", "JSON", timeout_s=300)
    rule = Rule(shop.story, "every-midnight", "cron(0 0 * * ? *)", function)
    for night in range(5):
        midnight_s = 16 * HOUR_S + night * DAY_S
        if night == 3:
            plant_missed(shop, rule, midnight_s)
        else:
            rule.run(midnight_s, 4.2 + night, 41_000)


INCIDENTS = (
    Incident(
        "visibility-too-short",
        "charges that take longer than the queue hides them: two instances charge at once",
        _of(overlapping_redelivery=4, like_overlapping_redelivery=2, redelivery=2),
        seed=11,
        traffic=("payments",),
    ),
    Incident(
        "poison-order",
        "orders that fail whatever is tried, beside others that pass; four messages that died, each of another cause",
        _of(poison_record=2, dead_letter_cause=4, like_poison_record=1),
        seed=12,
        traffic=("payments", "events"),
    ),
    Incident(
        "lost-publish",
        "publishes that did not reach a queue that wanted them, among many that it did not want; one that came twice",
        _of(fanout_missing=3, fanout_duplicate=1, like_fanout_missing=2, producer_resend=2),
        seed=13,
        traffic=("orders",),
        records=1_000,
    ),
    Incident(
        "reshard-disorder",
        "a stream whose new shard was read before its old one was finished; versions put the wrong way round",
        _of(child_before_parent=1, like_child_before_parent=1, inversion=2),
        seed=14,
        traffic=("events",),
    ),
    Incident(
        "dlq-redrive-twice",
        "messages redriven from the dead-letter queue, and some that were not",
        _of(redrive_copy=2, like_redrive_copy=2, fifo_dedup_escape=2),
        seed=15,
        traffic=("payments", "ledger"),
    ),
    Incident(
        "kpl-split-drop",
        "aggregates with user records of another shard, which the client library drops in silence; some sent twice",
        _of(kpl_outside_shard=2, kpl_duplicate=2, like_kpl_outside_shard=1, producer_retry=2),
        seed=16,
        traffic=("events",),
    ),
    Incident(
        "image-gap",
        "items whose changes do not follow from one another; orders with versions missing; an hour not read",
        _of(
            image_chain_break=2,
            like_image_chain_break=3,
            sequence_gap=2,
            like_sequence_gap=3,
            capture_hole=1,
        ),
        seed=17,
        traffic=("events", "stock"),
    ),
    Incident(
        "throttled-consumer",
        "a function whose writes are refused; records that grow too old while another is not called; one never handled",
        _of(throttled=1, expired=2, like_expired=1, unhandled=2, consumer_reread=1, cold_start=2),
        seed=18,
        traffic=("events", "payments"),
        length_s=2 * HOUR_S,
        records=200,
    ),
    Incident(
        "midnight-schedule",
        "five nights, one of which the books were not closed",
        _midnights,
        seed=19,
        length_s=5 * DAY_S,
    ),
    Incident(
        "hot-customer",
        "a stream in which one customer has two records of five, and one in which many keys meet in one shard",
        _of(hot_key=1, hot_shard=1),
        seed=20,
    ),
    Incident(
        "late-phones",
        "a telephone that told what it saw twenty minutes late, among 1,500 that were in time",
        _of(late_arrival=1),
        seed=21,
        length_s=2 * HOUR_S,
    ),
    Incident(
        "retry-storm",
        "five minutes in which every attempt timed out, and what came again added to what came",
        _of(retry_storm=1),
        seed=22,
    ),
)
