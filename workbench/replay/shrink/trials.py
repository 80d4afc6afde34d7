"""Trials: some records of a run through its handler, again and again, to see whether they fail as they did."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from workbench.replay.engine.failure_records import DestinationRecord
from workbench.replay.engine.invocation import Batch, Invocation, Invoker, Item
from workbench.replay.engine.response import Judgement
from workbench.replay.play import play
from workbench.replay.settings import Settings
from workbench.replay.signature import signature


@dataclass(slots=True)
class Failures:
    """A journal that keeps how records failed, and the events up to the first that failed so."""

    wanted: str
    """Signature of the failure that is looked for."""
    met: bool = False
    signatures: dict[int, str] = field(default_factory=dict)
    """Of the last failure by delivery id."""
    events: list[str] = field(default_factory=list)

    def invoked(self, batch: Batch, invocation_id: str, invocation: Invocation) -> None:
        """An invocation has ended."""
        if not self.met:
            self.events.append(batch.event)

    def delivered(
        self, batch: Batch, invocation_id: str, invocation: Invocation, failed: Judgement
    ) -> None:
        """Its records were delivered."""
        if not failed.failed:
            return
        told = signature(invocation.error_type, failed.reason)
        self.met = self.met or told == self.wanted
        for item in batch.items:
            if item.identifier in failed.failed:
                self.signatures[item.delivery_id] = told

    def fate(self, item: Item, verdict: str, at: datetime) -> None:
        """A record will not be delivered again."""

    def sent(self, record: DestinationRecord) -> None:
        """A destination would have got a document."""


@dataclass(slots=True)
class Trials:
    """Plays parts of a run, each with a handler that is loaded anew, and remembers what came of it."""

    settings: Settings
    source_arn: str
    invoker: Invoker
    wanted: str
    """Signature of the failure that is looked for."""
    progress: Callable[[int, int], None] = lambda trials, records: None
    count: int = 0
    _known: dict[tuple[int, ...], bool] = field(default_factory=dict)

    def fail(self, items: Sequence[Item]) -> bool:
        """Whether they fail as the run did; asked once of the same ones."""
        key = tuple(item.delivery_id for item in items)
        if key not in self._known:
            self._known[key] = self.failures(items).met
        return self._known[key]

    def failures(self, items: Sequence[Item]) -> Failures:
        """Play them now, in a fresh execution environment: nothing of an earlier trial is left in it."""
        self.count += 1
        self.progress(self.count, len(items))
        self.invoker.renew()
        journal = Failures(self.wanted)
        fresh = [replace(item, deliveries=0) for item in items]

        def go_on(at: datetime) -> None:
            if journal.met:
                raise _EnoughError

        with suppress(_EnoughError):
            play(fresh, self.settings, self.source_arn, self.invoker, journal, pace=go_on)
        return journal


class _EnoughError(Exception):
    """The failure was met: what comes after it tells nothing."""
