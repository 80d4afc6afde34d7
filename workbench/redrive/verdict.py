"""The verdict on a dead-letter queue: what the new handler does with its messages, and how to send them back."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import UsageError
from workbench.findings import find
from workbench.redrive.features import Feature, telling_feature
from workbench.redrive.handled import Handled, handled
from workbench.redrive.sending_back import (
    CAVEATS,
    MOVES_EVERYTHING,
    STAYS_THERE,
    Rate,
    neighbours,
    rate,
    script,
    sendings,
)
from workbench.replay.engine.invocation import Item
from workbench.replay.idempotency import Idempotency, idempotency
from workbench.replay.selection import Selection, selected_items
from workbench.replay.sending import Sending
from workbench.replay.settings import Document
from workbench.summary import Summary
from workbench.trace import Trace
from workbench.trace.sources import source_in_trace, source_name

SUCCEEDS, FAILS, NEVER_FAILED = "would now succeed", "still fails", "never failed here"
NEWLY_FAILS, NO_MESSAGE = "fails only in the new one", "is a failure record, not replayed"
VERDICTS = (SUCCEEDS, FAILS, NEVER_FAILED, NEWLY_FAILS, NO_MESSAGE)
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Cluster:
    """Messages that are there for the same cause."""

    cause: str
    """As `dead_letter_cause` has it; `replay`: what the old handler does here, as no log tells."""
    signature: str | None
    count: int
    feature: Feature | None
    """What in their payloads tells them from the other messages of the queue."""
    verdicts: Mapping[str, int]
    new_signatures: Mapping[str, int]
    """How the new handler fails, where it does."""
    examples: tuple[str, ...]
    """Message ids."""


@dataclass(frozen=True, slots=True, repr=False)
class Redrive(Summary):
    """What would come of a dead-letter queue's messages, and what a person may run; nothing of it is run here."""

    source_arn: str
    origin_arn: str
    old: str | None
    new: str
    clusters: tuple[Cluster, ...]
    verdicts: Mapping[str, str]
    """By message id."""
    idempotency: Idempotency | None
    """Of the new handler, with the messages that it takes; None: it takes none, or this was not asked."""
    fifo: bool
    neighbours: tuple[Mapping[str, Any], ...]
    """Groups that have gone on without their messages."""
    rate: Rate
    sendings: tuple[Sending, ...] = field(repr=False)
    caveats: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """As `redrive --json` prints it."""
        counted = Counter(self.verdicts.values())
        return {
            "source_arn": self.source_arn,
            "origin_arn": self.origin_arn,
            "old": self.old,
            "new": self.new,
            "messages": len(self.verdicts),
            "verdicts": {name: counted[name] for name in VERDICTS},
            "clusters": [asdict(each) for each in self.clusters],
            "idempotency": self.idempotency.document() if self.idempotency else None,
            "order": {
                "fifo": self.fifo,
                "by": "sequence number within each group" if self.fifo else "none is promised",
                "gone_on": [dict(each) for each in self.neighbours],
            },
            "rate": asdict(self.rate),
            "commands": [each.command for each in self.sendings],
            "caveats": list(self.caveats),
        }

    def save(self, folder: Path) -> list[Path]:
        """Write `redrive.sh`, and the files that its commands name.

        Returns:
            What was written.

        Raises:
            UsageError: there is one already.
        """
        if (folder / "redrive.sh").exists():
            raise UsageError(
                f"wanted a folder without redrive.sh, found one in {folder}; name another"
            )
        folder.mkdir(parents=True, exist_ok=True)
        written = {"redrive.sh": script(self.sendings, self.origin_arn).encode()}
        for each in self.sendings:
            written |= each.files
        for name, content in written.items():
            (folder / name).write_bytes(content)
        return [folder / name for name in written]

    def _facts(self) -> dict[str, Any]:
        """What would come of the messages."""
        return {
            "source": source_name(self.source_arn),
            "back to": source_name(self.origin_arn),
            "new handler": self.new,
            "messages": len(self.verdicts),
            "verdicts": Counter(self.verdicts.values()),
            "causes": [each.cause for each in self.clusters],
            "idempotency": self.idempotency and self.idempotency.verdict,
            "rate": f"{self.rate.messages_per_second} a second, {self.rate.why}",
            "commands": len(self.sendings),
            "caveats": self.caveats,
        }


def redrive(
    trace: Trace,
    *,
    source: str,
    new: str,
    old: str | None = None,
    origin: str | None = None,
    function: Document | None = None,
    selection: Selection = Selection(),
    check_idempotency: bool = True,
    keys: Mapping[str, Sequence[str]] | None = None,
    folder: Path | None = None,
    allow_cooperative: bool = False,
) -> Redrive:
    """Say of each message of a dead-letter queue what the new handler does with it, and how to send back what it takes.

    Messages are clustered by their cause: what `dead_letter_cause` finds where logs tell, else what the old handler
    does with them here. Each is handed over alone and once, with the settings of the queue that it came from.

    Args:
        trace: where the messages are; nothing is written to it.
        source: the dead-letter queue.
        new: the handler that they would be sent back to, as for `replay`.
        old: the handler that they failed in; None: what was the matter is known from logs alone.
        origin: the queue that they came from; else what the trace tells.
        function: as for `replay`.
        selection: which messages.
        check_idempotency: whether the new handler is tried for idempotency with what it takes.
        keys: as for `idempotency`.
        folder: what a relative handler is found from; None for the working directory.
        allow_cooperative: as for `replay`.

    Raises:
        UsageError: no such source, no messages, or nothing tells which queue they came from.
        HandlerError: a handler does not load.
        ReplayRefusedError: isolation could not be proved.

    Example:
        >>> redrive(trace, source="sqs:orders-dlq", new="charge.py:handle").document()["verdicts"]  # doctest: +SKIP

    Source: SQS developer guide, "Learn how to configure a dead-letter queue redrive".
    """
    source_arn = source_in_trace(trace, source)
    origin_arn = _origin(trace, source_arn, origin)
    items = selected_items(trace, source_arn, selection)
    if not items:
        raise UsageError(f"wanted messages in {source}, found none; capture the queue first")
    messages = [item for item in items if not _is_failure_record(item)]
    where = folder or Path.cwd()

    def tried(handler: str) -> Handled:
        return handled(
            trace,
            handler,
            messages,
            origin_arn,
            function=function,
            folder=where,
            allow_cooperative=allow_cooperative,
        )

    after, before = tried(new), tried(old) if old else None
    verdicts = {item.delivery_id: _verdict(item, before, after) for item in items}
    taken = [item for item in messages if verdicts[item.delivery_id] in (SUCCEEDS, NEVER_FAILED)]
    judged = None
    if taken and check_idempotency:
        judged = idempotency(
            trace,
            new,
            source=source_arn,
            as_from=origin_arn,
            keys=keys,
            function=function,
            selection=Selection(delivery_ids=[item.delivery_id for item in taken]),
            folder=where,
            allow_cooperative=allow_cooperative,
        )
    everything = len(taken) == len(items) and selection == Selection()
    speed = rate(trace, origin_arn, after.durations_ms)
    return Redrive(
        source_arn,
        origin_arn,
        old,
        new,
        tuple(_clusters(items, _causes(trace, source_arn), before, after, verdicts)),
        {item.record_id: verdicts[item.delivery_id] for item in items},
        judged,
        origin_arn.endswith(".fifo"),
        tuple(neighbours(trace, origin_arn, messages)),
        speed,
        tuple(sendings(source_arn, taken, everything, speed)),
        (*CAVEATS, MOVES_EVERYTHING if everything else STAYS_THERE),
    )


def _origin(trace: Trace, source_arn: str, said: str | None) -> str:
    if said is not None:
        return said if said.startswith("arn:") else source_in_trace(trace, said)
    statement = "select distinct origin_arn from dead_letter_queues where source_arn = $source_arn"
    found = trace.sql(statement, source_arn=source_arn)["origin_arn"].to_list()
    if len(found) == 1:
        return str(found[0])
    names = ", ".join(sorted(found)) or "nothing that tells"
    raise UsageError(
        f"wanted the one queue that the messages of {source_arn} came from, found {names}; name it as origin"
    )


def _is_failure_record(item: Item) -> bool:
    """Whether it is a document about an event, as functions and mappings send them, not the event itself."""
    try:
        body = json.loads(item.body)
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and {"requestContext", "version"} <= body.keys()


def _verdict(item: Item, before: Handled | None, after: Handled) -> str:
    number = item.delivery_id
    if number not in after.signatures:
        return NO_MESSAGE
    fails = after.signatures[number] is not None
    failed = before is None or before.signatures.get(number) is not None
    if fails:
        return FAILS if failed else NEWLY_FAILS
    return SUCCEEDS if failed else NEVER_FAILED


def _causes(trace: Trace, source_arn: str) -> dict[str, tuple[str, str | None]]:
    """By message id: cause and signature, where logs or failure records tell."""
    found = find(trace, only=("dead_letter_cause",), source=source_arn, limit=1_000_000)
    rows = (row for finding in found for row in finding.instances)
    return {
        row["key"]: (row["cause"], row["signature"]) for row in rows if row["cause"] != "unknown"
    }


def _clusters(
    items: Sequence[Item],
    causes: Mapping[str, tuple[str, str | None]],
    before: Handled | None,
    after: Handled,
    verdicts: Mapping[int, str],
) -> list[Cluster]:
    """The largest first."""

    def cause(item: Item) -> tuple[str, str | None]:
        if item.record_id in causes:
            return causes[item.record_id]
        told = before.signatures.get(item.delivery_id) if before else None
        return ("replay", told) if told else ("unknown", None)

    members: defaultdict[tuple[str, str | None], list[Item]] = defaultdict(list)
    for item in items:
        members[cause(item)].append(item)
    found = []
    for (name, told), those in members.items():
        numbers = {item.delivery_id for item in those}
        others = [item.body for item in items if item.delivery_id not in numbers]
        failures = (after.signatures.get(number) for number in numbers)
        found.append(
            Cluster(
                name,
                told,
                len(those),
                telling_feature([item.body for item in those], others),
                dict(Counter(verdicts[number] for number in numbers)),
                dict(Counter(each for each in failures if each is not None)),
                tuple(item.record_id for item in those[:EXAMPLES]),
            )
        )
    return sorted(found, key=lambda each: (-each.count, each.cause, each.signature or ""))
