"""Playing: records of a source through an invoker, with nothing of the trace or of a process in it."""

import gc
import random
from collections.abc import Iterator, Sequence
from itertools import count

from workbench.replay.engine.asynchronous import EventLane
from workbench.replay.engine.failure_records import Discard, failure_record
from workbench.replay.engine.invocation import Invoker, Item
from workbench.replay.engine.loop import Journal, Lane, Pace, run_lanes
from workbench.replay.engine.queues import QueueLane
from workbench.replay.engine.streams import Discarded, shard_lanes
from workbench.replay.settings import Settings, function_arn


def play(
    items: Sequence[Item],
    settings: Settings,
    source_arn: str,
    invoker: Invoker,
    journal: Journal,
    *,
    seed: int = 0,
    pace: Pace = lambda at: None,
) -> int:
    """Run records through an invoker as Lambda would hand them over; the journal hears of everything but the end.

    Args:
        items: of one source, in the order of their arrival; used up by it.
        settings: of the run.
        source_arn: decides what kind of source it is.
        invoker: runs the handler.
        journal: of the run; to be closed by the caller, also when this raises.
        seed: of the request ids; equal seeds give equal ids.
        pace: asked before each batch, with its virtual instant.

    Returns:
        How many deliveries of messages that had failed so often were not made, because the rest was taken as failed.
    """
    lanes = _lanes(items, settings, source_arn, journal)
    # The records are there to the end: Python's collector need not look through all of them again and again.
    gc.freeze()
    try:
        run_lanes(
            lanes,
            settings.parents,
            invoker,
            journal,
            _request_ids(seed, source_arn),
            reports_failures=settings.mapping.reports_failures,
            pace=pace,
        )
    finally:
        gc.unfreeze()
    return sum(lane.deliveries_not_run for lane in lanes if isinstance(lane, QueueLane))


def _lanes(
    items: Sequence[Item], settings: Settings, source_arn: str, journal: Journal
) -> Sequence[Lane]:
    service = source_arn.split(":")[2]
    if service == "sqs":
        return [QueueLane(items, settings, journal.fate)]
    if service not in ("kinesis", "dynamodb"):
        arn = function_arn(source_arn, settings.function.name)
        return [EventLane(items, settings.invoke, arn, journal.fate, journal.sent)]
    return shard_lanes(items, settings, journal.fate, _discarded(settings, journal))


def _discarded(settings: Settings, journal: Journal) -> Discarded:
    """What is done with a batch that is given up: sent to the mapping's destination, where it has one."""
    destination_arn = settings.mapping.on_failure_arn
    if destination_arn is None:
        return lambda discard: None

    def sent(discard: Discard) -> None:
        journal.sent(failure_record(discard, destination_arn, settings.function.name))

    return sent


def _request_ids(seed: int, source_arn: str) -> Iterator[str]:
    """UUIDs that begin with a running number, so that invocations of one virtual instant keep their order."""
    chance = random.Random(f"{seed} {source_arn}")
    for number in count(1):
        digits = f"{number:08x}{chance.getrandbits(96):024x}"
        variant = "89ab"[int(digits[16], 16) & 3]
        yield f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
