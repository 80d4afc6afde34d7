"""Messages through a handler, each alone and once: whether it fails, how, and how long it takes."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from workbench.mapping import REPORT
from workbench.replay.engine.failure_records import DestinationRecord
from workbench.replay.engine.invocation import Batch, Invocation, Item
from workbench.replay.engine.response import Judgement
from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.opening import opened_handler
from workbench.replay.play import play
from workbench.replay.settings import Document, Snapshots, settle
from workbench.replay.signature import signature
from workbench.trace import Trace


@dataclass(slots=True)
class Handled:
    """What came of each message in one handler; a journal."""

    signatures: dict[int, str | None] = field(default_factory=dict)
    """By delivery id: of its failure, None where it succeeded."""
    durations_ms: list[float] = field(default_factory=list)

    def invoked(self, batch: Batch, invocation_id: str, invocation: Invocation) -> None:
        """An invocation has ended."""
        self.durations_ms.append(invocation.duration_ms)

    def delivered(
        self, batch: Batch, invocation_id: str, invocation: Invocation, failed: Judgement
    ) -> None:
        """Its message was delivered."""
        for item in batch.items:
            has_failed = item.identifier in failed.failed
            told = signature(invocation.error_type, failed.reason) if has_failed else None
            self.signatures[item.delivery_id] = told

    def fate(self, item: Item, verdict: str, at: datetime) -> None:
        """A message will not be delivered again; one that the filters hold back never was."""
        self.signatures.setdefault(item.delivery_id, None)

    def sent(self, record: DestinationRecord) -> None:
        """A destination would have got a document."""


def handled(
    trace: Trace,
    handler: str,
    items: Sequence[Item],
    origin_arn: str,
    *,
    function: Document | None,
    folder: Path,
    allow_cooperative: bool,
) -> Handled:
    """Hand each message over alone, as the queue that it came from would, once.

    Assumed where no mapping of that queue was captured: a handler that names failures in its answer is heard.

    Args:
        trace: whose configuration of that queue's mapping and function counts.
        handler: as for `replay`.
        items: the messages.
        origin_arn: the queue that they go back to.
        function: as for `replay`.
        folder: what a relative handler is found from.
        allow_cooperative: as for `replay`.

    Raises:
        HandlerError: the handler does not load.
        ReplayRefusedError: isolation could not be proved.
    """
    spec = HandlerSpec.parse(handler, folder)
    settings = settle(trace, origin_arn, spec.module, None, None, function)
    alone = replace(settings.mapping, batch_size=1, maximum_batching_window_in_seconds=0)
    if not Snapshots.of(trace, origin_arn).mapping():
        alone = replace(alone, function_response_types=(REPORT,))
    settings = replace(settings, mapping=alone, queue=replace(settings.queue, max_receive_count=1))
    found = Handled()
    opened = opened_handler(trace, spec, settings, origin_arn, allow_cooperative=allow_cooperative)
    with opened as (invoker, _):
        back = [
            replace(item, source_arn=origin_arn, receive_count=1, deliveries=0) for item in items
        ]
        play(back, settings, origin_arn, invoker, found)
    return found
