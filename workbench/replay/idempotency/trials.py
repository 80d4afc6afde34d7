"""Trials: the same records played plainly and with what may happen, each with a handler that is loaded anew."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from workbench.replay.effects.call import Answer, Call
from workbench.replay.engine.failure_records import DestinationRecord
from workbench.replay.engine.invocation import Batch, Effect, Invocation, Invoker, Item
from workbench.replay.engine.response import Judgement
from workbench.replay.idempotency.footprint import Footprint, Keys, Left, Path
from workbench.replay.idempotency.item_memory import ItemMemory
from workbench.replay.perturb.records import is_copy
from workbench.replay.perturb.what_if import Perturbation, WhatIf
from workbench.replay.play import play
from workbench.replay.settings import Settings

ATTEMPTS_MOST = 3
"""Assumed: of a batch or message, so that a handler that always fails is not tried until its records expire."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What one trial left behind."""

    effects: tuple[Effect, ...]
    injected: int
    failed: int
    """Invocations that failed by themselves."""


@dataclass(slots=True)
class Trials:
    """Plays records through one handler that stays open.

    Args:
        settings: of the source, with few attempts.
        source_arn: the source.
        answers: the handler's AWS calls.
        progress: called with the trials so far and the records of the next one.
    """

    settings: Settings
    source_arn: str
    invoker: Invoker
    answers: "Answers"
    progress: Callable[[int, int], None] = lambda trials, records: None
    noise: frozenset[tuple[str, str, Path]] = frozenset()
    keys: Keys = field(default_factory=dict)
    count: int = 0
    _known: dict[tuple[object, ...], Counter[Left]] = field(default_factory=dict)

    def play(
        self, items: Sequence[Item], what_if: WhatIf | None = None, *, seed: int = 0, ids: int = 0
    ) -> Tried:
        """Play them now: nothing of an earlier trial is left in the handler or in the tables.

        Args:
            items: of the source.
            what_if: what is put in.
            seed: of what is put in.
            ids: seed of the request ids.
        """
        self.count += 1
        self.progress(self.count, len(items))
        self.invoker.renew()
        self.answers.memory = memory = ItemMemory(dict(self.answers.keys))
        asked = Perturbation([what_if] if what_if else [], seed)
        settings = asked.settings(self.settings)
        fresh = asked.records([replace(item, deliveries=0) for item in items], settings)
        invoker = asked.invoker(_Elsewhere(self.invoker), fresh, settings, memory.undo)
        heard = _Heard()
        play(fresh, settings, self.source_arn, invoker, heard, seed=ids)
        return Tried(tuple(heard.effects), asked.injected.total(), heard.failed)

    def footprint(self, effects: Sequence[Effect]) -> Footprint:
        """Without what differs each time."""
        return Footprint.of(effects, self.noise, self.keys)

    def beyond(self, items: Sequence[Item], what_if: WhatIf, seed: int) -> Counter[Left]:
        """What is left behind beyond the plain run of the same records; asked once of the same ones."""
        key = (*(item.delivery_id for item in items), str(what_if), seed)
        if key not in self._known:
            plain = self.footprint(self.play(items).effects)
            tried = self.footprint(self.play(items, what_if, seed=seed).effects)
            self._known[key] = tried.beyond(plain)
        return self._known[key]


@dataclass(slots=True)
class Answers:
    """What AWS answers: of the trial that is being played."""

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    memory: ItemMemory = field(default_factory=ItemMemory)

    def __call__(self, call: Call) -> Answer | None:
        """The answer, or None for the least that a success needs."""
        return self.memory(call)


def few_attempts(settings: Settings) -> Settings:
    """The settings, with at most `ATTEMPTS_MOST` attempts and at least two: what is put in must come again."""
    said = settings.queue.max_receive_count
    receives = ATTEMPTS_MOST if said is None else max(2, min(said, ATTEMPTS_MOST))
    retries = settings.mapping.maximum_retry_attempts
    if retries is not None:
        retries = ATTEMPTS_MOST - 1 if retries < 0 else max(1, min(retries, ATTEMPTS_MOST - 1))
    invoke = settings.invoke
    return replace(
        settings,
        queue=replace(settings.queue, max_receive_count=receives),
        mapping=replace(settings.mapping, maximum_retry_attempts=retries),
        invoke=replace(invoke, maximum_retry_attempts=max(1, invoke.maximum_retry_attempts)),
    )


@dataclass(slots=True)
class _Heard:
    """A journal that keeps the effects."""

    effects: list[Effect] = field(default_factory=list)
    failed: int = 0

    def invoked(self, batch: Batch, invocation_id: str, invocation: Invocation) -> None:
        """An invocation has ended."""
        self.effects += invocation.effects or ()
        own = invocation.error_type is not None and not invocation.error_type.startswith("WhatIf.")
        self.failed += own

    def delivered(
        self, batch: Batch, invocation_id: str, invocation: Invocation, failed: Judgement
    ) -> None:
        """Its records were delivered."""

    def fate(self, item: Item, verdict: str, at: datetime) -> None:
        """A record will not be delivered again."""

    def sent(self, record: DestinationRecord) -> None:
        """A destination would have got a document."""


class _Elsewhere:
    """Hands the first batch with a copy to another execution environment: memory alone makes nobody idempotent."""

    parallel = 1

    def __init__(self, invoker: Invoker) -> None:
        self._invoker = invoker
        self._moved = False

    def invoke(self, batch: Batch, request_id: str) -> Invocation:
        """Hand over one event."""
        if not self._moved and any(map(is_copy, batch.items)):
            self._moved = True
            self._invoker.renew()
        return self._invoker.invoke(batch, request_id)

    def renew(self) -> None:
        """Load the handler anew."""
        self._invoker.renew()

    def close(self) -> None:
        """End the handler."""
        self._invoker.close()
