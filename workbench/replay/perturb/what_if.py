"""What a user asks: what if records came twice, in another order, in other batches, or a call failed."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.record import Service
from workbench.errors import UsageError
from workbench.replay.effects.answers import throttling
from workbench.replay.effects.call import Answer, Answering, Call
from workbench.replay.engine.invocation import Invoker, Item
from workbench.replay.perturb.perturbed_invoker import PerturbedInvoker, Undo
from workbench.replay.perturb.records import reordered, with_duplicates
from workbench.replay.settings import Settings

DUPLICATE, REORDER, SPLIT = "duplicate", "reorder", "split"
CRASH, THROTTLE, INVOCATION_THROTTLE = "crash-after-effect", "throttle", "throttle-invocation"
SHARES: Mapping[str, float | None] = {
    DUPLICATE: 0.1,
    REORDER: None,
    SPLIT: None,
    CRASH: 0.1,
    THROTTLE: 0.1,
    INVOCATION_THROTTLE: 0.1,
}
"""What may be asked, and the share of records, invocations or calls that it strikes where none is said."""
NEEDS_EFFECTS = (CRASH, THROTTLE)
"""Only where the handler's AWS calls are heard."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One thing that is asked."""

    kind: str
    share: float | None

    @classmethod
    def parse(cls, text: str) -> "WhatIf":
        """From `duplicate:0.1`; what has no share takes none.

        Raises:
            UsageError: no such kind, or a share that is none.

        Example:
            >>> WhatIf.parse("duplicate:0.5")
            WhatIf(kind='duplicate', share=0.5)
        """
        kind, colon, said = text.partition(":")
        if kind not in SHARES:
            raise UsageError(f"wanted a what-if of {', '.join(SHARES)}, found {kind!r}")
        if not colon:
            return cls(kind, SHARES[kind])
        if SHARES[kind] is None:
            raise UsageError(f"wanted {kind} without a share, found {text!r}")
        try:
            share = float(said)
        except ValueError:
            share = -1.0
        if not 0 < share <= 1:
            raise UsageError(f"wanted a share above 0, up to 1, as {kind}:0.1, found {text!r}")
        return cls(kind, share)

    def __str__(self) -> str:
        return self.kind if self.share is None else f"{self.kind}:{self.share:g}"


@dataclass(slots=True)
class Perturbation:
    """Everything that is asked of one run; equal seeds strike the same.

    Duplicates are the source's own. A standard queue delivers a message once more, later. A FIFO queue, a stream and
    an asynchronous event come again because what was done is not noted: the batch, or where failures are reported its
    tail, is handed over once more. Assumed: that counts as an attempt, so where the settings allow none the records
    meet their fate instead.
    """

    asked: Sequence[WhatIf]
    seed: int = 0
    injected: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, texts: Iterable[str], seed: int = 0) -> "Perturbation":
        """From the words of a command line.

        Raises:
            UsageError: one of them is none, or there is one of its kind already.
        """
        asked = [WhatIf.parse(text) for text in texts]
        kinds = [each.kind for each in asked]
        if len(set(kinds)) < len(kinds):
            raise UsageError(f"wanted each what-if once, found {', '.join(map(str, asked))}")
        return cls(asked, seed)

    def share(self, kind: str) -> float:
        """How much of what there is it strikes; 0 where it is not asked."""
        return next((each.share or 1.0 for each in self.asked if each.kind == kind), 0.0)

    def records(self, items: Sequence[Item], settings: Settings) -> list[Item]:
        """The records as the source may also hand them out."""
        found = list(items)
        fifo = settings.queue.fifo_queue
        if self.share(REORDER):
            dealt = reordered(found, self._chance(REORDER), fifo=fifo)
            self.injected[REORDER] += sum(
                a.delivery_id != b.delivery_id for a, b in zip(found, dealt, strict=True)
            )
            found = dealt
        if self.share(DUPLICATE) and not _comes_again_by_attempt(found, settings):
            more = with_duplicates(found, self.share(DUPLICATE), self._chance(DUPLICATE))
            self.injected[DUPLICATE] += len(more) - len(found)
            found = more
        return found

    def settings(self, settings: Settings) -> Settings:
        """Other borders between batches: another batch size, below the one that is set."""
        size = settings.mapping.batch_size or 1
        if not self.share(SPLIT) or size < 2:
            return settings
        self.injected[SPLIT] = 1
        smaller = self._chance(SPLIT).randint(1, size - 1)
        return replace(settings, mapping=replace(settings.mapping, batch_size=smaller))

    def invoker(
        self, invoker: Invoker, items: Sequence[Item], settings: Settings, undo: Undo = None
    ) -> Invoker:
        """The invoker, some of whose invocations end otherwise.

        Args:
            invoker: runs the handler.
            items: that are replayed.
            settings: of the run.
            undo: told of an invocation whose effects from an ordinal on were never made.
        """
        again = self.share(DUPLICATE) if _comes_again_by_attempt(items, settings) else 0.0
        crash, throttle = self.share(CRASH), self.share(INVOCATION_THROTTLE)
        if not (again or crash or throttle):
            return invoker
        return PerturbedInvoker(
            invoker,
            self.seed,
            again=again,
            crash=crash,
            throttle=throttle,
            reports_failures=settings.mapping.reports_failures,
            struck=self._struck,
            undo=undo,
        )

    def answers(self, behind: Answering | None = None) -> Answering | None:
        """What AWS answers: throttles some of the calls, else what is behind it."""
        share = self.share(THROTTLE)
        if not share:
            return behind

        def strikes(call: Call) -> bool:
            is_struck = random.Random(_seed(self.seed, call.request_id, call.ordinal)).random()
            self.injected[THROTTLE] += is_struck < share
            return is_struck < share

        throttled = throttling(strikes)

        def answer(call: Call) -> Answer | None:
            return throttled(call) or (behind(call) if behind else None)

        return answer

    def document(self) -> list[dict[str, Any]]:
        """What was asked and how much of it was done, as the run's document has it."""
        return [
            {"kind": each.kind, "share": each.share, "injected": self.injected[each.kind]}
            for each in self.asked
        ]

    def _struck(self, kind: str) -> None:
        self.injected[kind] += 1

    def _chance(self, kind: str) -> random.Random:
        return random.Random(_seed(self.seed, kind))


def _seed(*parts: object) -> str:
    return " ".join(map(str, parts))


def _comes_again_by_attempt(items: Sequence[Item], settings: Settings) -> bool:
    """Whether a record comes again as one more attempt at its batch, not as a delivery of its own."""
    return settings.queue.fifo_queue or any(item.service != Service.SQS for item in items[:1])
