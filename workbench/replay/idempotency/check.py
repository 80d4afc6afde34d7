"""The verdict: whether a handler is idempotent for what was tried, and the fewest records that show that it is not."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from workbench.errors import UsageError
from workbench.mapping import EventSourceMapping
from workbench.replay.engine.invocation import Item
from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.idempotency.footprint import Left, keys_seen, noise_between
from workbench.replay.idempotency.trials import Answers, Trials, Tried, few_attempts
from workbench.replay.idempotency.writes import UNKNOWN, UNSURE, writes
from workbench.replay.opening import Environments, opened_handler
from workbench.replay.perturb.what_if import CRASH, DUPLICATE, SPLIT, WhatIf
from workbench.replay.selection import EVERYTHING, Selection, selected_items
from workbench.replay.settings import Document, settle
from workbench.replay.shrink.smallest import smallest
from workbench.summary import Summary
from workbench.trace import Trace
from workbench.trace.sources import source_in_trace, source_name

IDEMPOTENT, NOT_IDEMPOTENT, CANNOT_SAY = (
    "idempotent for what was tried",
    "not idempotent",
    "cannot say",
)
SEEDS = 3
RECORDS_MOST = 100
"""Assumed: enough to meet each kind of record, and few enough that trials take seconds."""
TRIED = (WhatIf(DUPLICATE, 1.0), WhatIf(CRASH, 1.0), WhatIf(SPLIT, None))


@dataclass(frozen=True, slots=True, repr=False)
class Idempotency(Summary):
    """What a handler leaves behind when records come twice, it crashes, or batches have other borders."""

    source_arn: str
    handler: str
    verdict: str
    """`idempotent for what was tried`, `not idempotent` or `cannot say`."""
    reasons: tuple[str, ...]
    """Why it cannot be said, and what the verdict does not cover."""
    records: int
    writes: int
    """That the plain run made."""
    tried: tuple[Mapping[str, Any], ...]
    """By `what_if` and `seed`: how often it was `injected`, how many more invocations `failed` by themselves, and the
    writes `beyond` those of the plain run."""
    trials: int
    """How often records were put to the handler."""
    what_if: str | None
    """What shows it."""
    seed: int | None
    items: tuple[Item, ...] = field(repr=False)
    """The fewest records that show it, in their order; none of them can go."""
    beyond: tuple[tuple[Left, int], ...] = field(repr=False)
    """What those leave behind beyond their plain run, and how many more."""

    def document(self) -> dict[str, Any]:
        """As `idempotency --json` prints it."""
        names = ("delivery_id", "record_id", "partition_id")
        return {
            "source_arn": self.source_arn,
            "handler": self.handler,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "records": self.records,
            "writes": self.writes,
            "tried": [dict(each) for each in self.tried],
            "trials": self.trials,
            "what_if": self.what_if,
            "seed": self.seed,
            "smallest": [{name: getattr(item, name) for name in names} for item in self.items],
            "beyond": [left.document() | {"more": more} for left, more in self.beyond],
        }

    def _facts(self) -> dict[str, Any]:
        """The verdict, on what it rests, and what shows it."""
        shown = {"shown by": self.what_if, "seed": self.seed} if self.what_if else {}
        return {
            "verdict": self.verdict,
            "handler": self.handler,
            "source": source_name(self.source_arn),
            "records": self.records,
            "writes": self.writes,
            "trials": self.trials,
            **shown,
            "reasons": self.reasons,
        }


def idempotency(
    trace: Trace,
    handler: str,
    *,
    source: str,
    as_from: str | None = None,
    seeds: int = SEEDS,
    keys: Mapping[str, Sequence[str]] | None = None,
    mapping: EventSourceMapping | Document | None = None,
    queue_attributes: Document | None = None,
    function: Document | None = None,
    runtime: str | None = None,
    python: str | None = None,
    selection: Selection = EVERYTHING,
    records_most: int = RECORDS_MOST,
    folder: Path | None = None,
    allow_cooperative: bool = False,
    progress: Callable[[int, int], None] = lambda trials, records: None,
) -> Idempotency:
    """Play records plainly, then twice, with crashes and in other batches, and see what is left behind beyond that.

    AWS answers with the least that a success needs, but for one thing: a table remembers what the run has put, so that
    `attribute_not_exists` lets a record through once. Setting a state to what it is already counts as no change;
    sending or adding counts each time. What differs between two plain runs (times, random ids, request ids) is left
    out of the comparison.

    Args:
        trace: where the records are; nothing is written to it.
        handler: as for `replay`.
        source: as for `replay`.
        as_from: ARN of a queue whose settings and name count instead: that which a dead-letter queue's came from.
        seeds: how often each kind is tried.
        keys: the names of a table's key, by table; else what calls of the handler tell.
        mapping: as for `replay`; attempts are bounded by `ATTEMPTS_MOST`.
        queue_attributes: as for `replay`.
        function: as for `replay`.
        runtime: as for `replay`.
        python: as for `replay`.
        selection: which records.
        records_most: the first so many of them.
        folder: what a relative handler is found from; None for the working directory.
        allow_cooperative: as for `replay`.
        progress: called with the trials so far and the records of the next one.

    Raises:
        UsageError: no such source, or no records in it.
        HandlerError: the handler does not load.
        ReplayRefusedError: isolation could not be proved.

    Example:
        >>> idempotency(trace, "charge.py:handle", source="sqs:orders").verdict     # doctest: +SKIP
        'not idempotent'

    Source: Lambda developer guide, "Idempotency"; SQS developer guide, "At-least-once delivery".
    """
    captured_arn = source_in_trace(trace, source)
    source_arn = as_from or captured_arn
    spec = HandlerSpec.parse(handler, folder or Path.cwd(), runtime=runtime, python=python)
    settings = few_attempts(
        settle(trace, source_arn, spec.module, mapping, queue_attributes, function)
    )
    items = selected_items(trace, captured_arn, selection)
    played = [_as_first_received(item, source_arn) for item in items[:records_most]]
    if not played:
        raise UsageError(f"wanted records to try, found none of {source}; choose another source")
    answers = Answers({name: tuple(each) for name, each in (keys or {}).items()})
    opened = opened_handler(
        trace,
        spec,
        settings,
        source_arn,
        allow_cooperative=allow_cooperative,
        environments=Environments(answers=answers),
    )
    with opened as (invoker, _):
        trials = Trials(settings, source_arn, invoker, answers, progress)
        found = _Search(trials, played, range(seeds)).found()
    left_out = len(items) - len(played)
    more = (f"{left_out} more records were not tried",) if left_out else ()
    return Idempotency(
        source_arn,
        spec.text,
        found.verdict,
        (*found.reasons, *more),
        len(played),
        found.writes,
        tuple(found.tried),
        trials.count,
        str(found.what_if) if found.what_if else None,
        found.seed,
        tuple(found.items),
        tuple(sorted(found.beyond.items())),
    )


@dataclass(slots=True)
class _Search:
    """From the plain runs to the first trial that leaves more, and from there to the fewest records."""

    trials: Trials
    records: Sequence[Item]
    seeds: Sequence[int]
    verdict: str = CANNOT_SAY
    reasons: list[str] = field(default_factory=list)
    writes: int = 0
    tried: list[dict[str, Any]] = field(default_factory=list)
    what_if: WhatIf | None = None
    seed: int | None = None
    items: Sequence[Item] = ()
    beyond: Counter[Left] = field(default_factory=Counter)

    def found(self) -> "_Search":
        """Itself, when everything is tried."""
        plain = self.trials.play(self.records)
        again = self.trials.play(self.records, ids=1)
        self.writes = sum(1 for effect in plain.effects for _ in writes(effect))
        if plain.failed:
            self.reasons.append(f"{plain.failed} invocations of the plain run failed by themselves")
        noise = noise_between(plain.effects, again.effects)
        if noise is None:
            self.reasons.append("two equal runs of the handler make different calls")
            return self
        self.trials.noise = noise
        self.trials.keys = keys_seen(plain.effects) | dict(self.trials.answers.keys)
        self._try_all(plain)
        return self

    def _try_all(self, plain: Tried) -> None:
        footprint, failed = self.trials.footprint(plain.effects), plain.failed
        doubted: Counter[Left] = Counter()
        seen = self.writes
        for what_if in TRIED:
            for seed in self.seeds:
                tried = self.trials.play(self.records, what_if, seed=seed)
                more = self.trials.footprint(tried.effects).beyond(footprint)
                seen += len(tried.effects)
                told = {
                    "what_if": str(what_if),
                    "seed": seed,
                    "injected": tried.injected,
                    "failed": max(0, tried.failed - failed),
                    "beyond": more.total(),
                }
                self.tried.append(told)
                doubted += Counter({left: n for left, n in more.items() if _is_doubtful(left)})
                if self.what_if is None and _certain(more):
                    self.what_if, self.seed = what_if, seed
        if more_failed := sum(each["failed"] for each in self.tried):
            self.reasons.append(
                f"{more_failed} more invocations than in the plain run failed by themselves"
            )
        self._conclude(doubted, seen)

    def _conclude(self, doubted: Counter[Left], seen: int) -> None:
        if self.what_if is not None and self.seed is not None:
            self.verdict = NOT_IDEMPOTENT
            self._shrink(self.what_if, self.seed)
        elif doubted:
            names = sorted({f"{left.service} {left.operation} ({left.nature})" for left in doubted})
            self.reasons.append(f"what comes twice is not known to do harm: {', '.join(names)}")
        elif not seen:
            self.reasons.append("the handler made no AWS call that leaves anything behind")
        elif not any(each["injected"] for each in self.tried):
            self.reasons.append("nothing could be injected")
        else:
            self.verdict = IDEMPOTENT

    def _shrink(self, what_if: WhatIf, seed: int) -> None:
        self.items = smallest(
            self.records, lambda some: _certain(self.trials.beyond(some, what_if, seed))
        )
        self.beyond = Counter(
            {
                left: more
                for left, more in self.trials.beyond(self.items, what_if, seed).items()
                if not _is_doubtful(left)
            }
        )


def _is_doubtful(left: Left) -> bool:
    return left.nature in (UNSURE, UNKNOWN)


def _certain(more: Counter[Left]) -> bool:
    return any(not _is_doubtful(left) for left in more)


def _as_first_received(item: Item, source_arn: str) -> Item:
    """As if it had not failed before: what it went through in production is not what is tried."""
    first = 1 if item.receive_count is not None else None
    return replace(item, source_arn=source_arn, receive_count=first)
