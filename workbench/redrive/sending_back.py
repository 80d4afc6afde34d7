"""Sending messages back: in which order, how fast, by which commands, and what else changes by it."""

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.replay.engine.invocation import Item
from workbench.replay.sending import QUEUE_URL, Sending, sending
from workbench.trace import Trace
from workbench.trace.sql import load_statement

RATE_MOST = 500
"""Source: SQS StartMessageMoveTask, MaxNumberOfMessagesPerSecond."""
CAVEATS = (
    "a message that is sent back is a new one: new MessageId, new SentTimestamp, a whole retention period before it",
    "its receive count begins anew, so it can fail maxReceiveCount times again before it is back",
    "what remembers message ids does not know it again; what remembers the payload's own ids does",
    "it arrives among the live traffic, later than what was sent after it",
)
"""Source: SQS developer guide, "Learn how to configure a dead-letter queue redrive"."""
MOVES_EVERYTHING = (
    "a message move task moves all that is in the queue by then, also what was never captured"
)
STAYS_THERE = (
    "a message that is sent by hand stays in the dead-letter queue too, until it is deleted there"
)


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast to send them back."""

    messages_per_second: int
    """1 to 500."""
    why: str


def rate(trace: Trace, origin_arn: str, durations_ms: Sequence[float]) -> Rate:
    """As fast as the origin's own traffic comes, which the consumer is known to carry; else as one environment works.

    Args:
        trace: where the origin's messages are, if they were captured.
        origin_arn: the queue that they go back to.
        durations_ms: of the invocations in the replay.
    """
    statement = load_statement(__package__, "traffic")
    row = next(iter(trace.rows(statement.text, source_arn=origin_arn)))
    if row["per_second"] is not None:
        own = _bounded(row["per_second"])
        return Rate(
            own,
            f"as many again as the origin's own {row['per_second']:.2g} a second in this trace",
        )
    if not durations_ms or not sum(durations_ms):
        return Rate(1, "assumed: neither the origin's traffic nor a duration is known")
    each_ms = sum(durations_ms) / len(durations_ms)
    return Rate(
        _bounded(1000 / each_ms),
        f"what one execution environment does at {each_ms:.0f} ms each in this replay; the origin was not captured",
    )


def neighbours(trace: Trace, origin_arn: str, items: Sequence[Item]) -> list[dict[str, object]]:
    """Groups of a FIFO queue that have gone on without their messages: `group`, and how many came `later`.

    Args:
        trace: where the origin's messages are, if they were captured.
        origin_arn: the queue that they go back to.
        items: in the dead-letter queue.
    """
    statement = load_statement(__package__, "gone_on")
    first = {
        group: min(item.arrives_at for item in items if item.ordering_key == group)
        for group in {item.ordering_key for item in items if item.ordering_key is not None}
    }
    dead = [item.record_id for item in items]
    found = []
    for group, since in sorted(first.items()):
        asked = trace.sql(
            statement.text, source_arn=origin_arn, value=group, since=since, record_ids=dead
        )
        later = asked["later"][0]
        if later:
            found.append({"group": group, "later": later})
    return found


def sendings(source_arn: str, items: Sequence[Item], everything: bool, rate: Rate) -> list[Sending]:
    """The commands; they are for a person to run, and never run here.

    Args:
        source_arn: the dead-letter queue.
        items: to be sent back.
        everything: whether those are all that is in the queue.
        rate: how fast.
    """
    if not items:
        return []
    if everything:
        task = f"aws sqs start-message-move-task --source-arn {source_arn}"
        return [Sending(f"{task} --max-number-of-messages-per-second {rate.messages_per_second}")]
    ordered = sorted(items, key=lambda each: (int(each.sequence_number or 0), each.arrives_at))
    return [sending(item, f"message-{number}") for number, item in enumerate(ordered, 1)]


def script(commands: Sequence[Sending], origin_arn: str) -> str:
    """The commands as a script that stops at the first that fails."""
    lines = (
        "#!/bin/sh",
        "# Sends messages back. Read it before you run it: they are production's.",
        f"# {QUEUE_URL[1:]}: the URL of {origin_arn}",
        "set -eu",
        'cd "$(dirname "$0")"',
        *(each.command for each in commands),
    )
    return "\n".join(lines) + "\n"


def _bounded(per_second: float) -> int:
    return max(1, min(RATE_MOST, int(per_second)))
