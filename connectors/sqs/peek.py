"""Looks at a queue that is somebody's: receives, hides for a sweep, gives back, and writes down what that did."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto
from typing import Any

from connectors.access.failures import raise_or_note
from connectors.answers import compact_json
from connectors.errors import (
    AccessDeniedError,
    ConnectorError,
    OperationRefusedError,
    SourceNotFoundError,
)
from connectors.record import Cause, Checkpoint, Mode, Page, Partition, PeekEffect, Record, Span
from connectors.sqs.messages import give_back, queue_record, receive
from connectors.sqs.peek_plan import PeekBudget, PeekPlan, plan_of
from connectors.sqs.queue import QueueSource
from connectors.sqs.settings import ask_attributes, counts_of

_NOT_TRIED_AGAIN = (AccessDeniedError, OperationRefusedError, SourceNotFoundError)


class _End(Enum):
    """Why a sweep ended."""

    EMPTY = auto()
    REPEATS = auto()
    BUDGET = auto()
    LAST_RECEIVE = auto()
    FAILED = auto()


@dataclass(slots=True)
class _Held:
    """One message in our hands."""

    handle: str
    effect: PeekEffect
    group: str | None
    expires_at: datetime
    """From when on somebody else may have it, and the handle must not be used any more."""


@dataclass(slots=True)
class _Sweep:
    """One sweep so far."""

    plan: PeekPlan
    began_at: datetime
    receives: int = 0
    seen: set[str] = field(default_factory=set)
    first_at: datetime | None = None
    """Earliest instant of sending seen."""
    asked_at: datetime | None = None
    """When the latest receive was asked for."""
    spent: list[str] = field(default_factory=list)
    """Messages that have at most one receive left."""


@dataclass(slots=True, kw_only=True)
class QueuePeek(QueueSource):
    """One queue, looked at: each message is received, hidden for the sweep, and given back.

    What a span of it claims: of what the queue still held, every message that was visible. What
    consumers had taken, held in flight or were not to see yet is in no span.

    Permissions: sqs:GetQueueUrl, sqs:GetQueueAttributes, sqs:ListDeadLetterSourceQueues,
        sqs:ReceiveMessage, sqs:ChangeMessageVisibility; lambda:ListEventSourceMappings and
        lambda:GetFunctionConfiguration where granted; kms:Decrypt on the queue's key.
    Effect: messages are hidden from consumers for up to 30 s, a FIFO group is blocked meanwhile,
        and every message's receive count grows by one, which moves a message to its dead-letter
        queue early. Each of these is a `PeekEffect` in the trace.
    """

    force: bool = False
    budget: PeekBudget = field(default_factory=PeekBudget)
    _held: dict[str, _Held] = field(default_factory=dict, init=False, repr=False)
    """By message id, in the order first received."""
    _unrecorded: dict[tuple[str, datetime], PeekEffect] = field(
        default_factory=dict, init=False, repr=False
    )
    """Effects as they now stand that no page has carried."""

    def plan(self) -> PeekPlan:
        """What reading will do, out of the queue's settings; receives nothing.

        Raises:
            ConnectorError: And its classes.

        Source: GetQueueAttributes, ListDeadLetterSourceQueues.
        """
        return plan_of(self.queue, self.client, self.budget)

    @property
    def held_groups(self) -> tuple[str, ...]:
        """The FIFO groups that are blocked now because we hold messages of theirs, sorted."""
        groups = {held.group for held in self._held.values() if self.queue.is_fifo}
        return tuple(sorted(group for group in groups if group is not None))

    @property
    def unrecorded_effects(self) -> tuple[PeekEffect, ...]:
        """What was done to messages and stands in no page: after a sweep cut short, its giving back."""
        return tuple(self._unrecorded.values())

    def read(self, partition: Partition, after: Checkpoint | None) -> Iterator[Page]:
        """One sweep over what is visible now; it never begins again.

        Ends at an empty answer, when messages come round again, at a message with one receive
        left, or at its budget. Then everything is given back, and the last page, which has no
        records, says so: its effects replace those of the pages before. Only an empty answer
        proves a span; any other end leaves a hole. Where the process is killed, effects without
        `given_back_at` stay, and their `hidden_until_at` says when consumers see the messages.

        Raises:
            OperationRefusedError: Looking would do harm, and it was not forced; or anything went
                wrong on the way, as each try again would cost messages a receive; or messages
                could not be given back.
            AccessDeniedError: Not the right to receive, or to use the queue's key.
            SourceNotFoundError: The queue is gone.

        Source: ReceiveMessage, ChangeMessageVisibilityBatch.
        """
        plan = self.plan()
        if plan.refused and not self.force:
            raise OperationRefusedError(plan.refused)
        sweep = _Sweep(plan, self.now())
        end, failure = None, None
        try:
            while end is None:
                page, end, failure = self._look(sweep)
                if page is not None:
                    yield page
                    end = end or self._end_of_budget(sweep)
            failure, spans = self._failure(sweep, end, failure), self._spans(sweep, end)
            left = self._give_back()
            tip = 0 if end is _End.EMPTY and not left and failure is None else None
            yield Page((), self._checkpoint(sweep), spans, tip, peek_effects=self._recorded())
        finally:
            self.close()
        if left:
            failure = _with_note(failure, self._not_given_back(left))
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Give back every message still held. Safe to call twice."""
        earlier = sys.exc_info()[1]
        if left := self._give_back():
            raise_or_note(self._not_given_back(left), earlier)

    def _look(self, sweep: _Sweep) -> tuple[Page | None, _End | None, ConnectorError | None]:
        """One receive: its page, whether it was the last, and what went wrong."""
        asked_at = sweep.asked_at = self.now()
        sweep.receives += 1
        try:
            messages = receive(
                self.queue,
                self.client,
                wait_seconds=self.wait_seconds,
                visibility_seconds=int(self.budget.hidden.total_seconds()),
            )
            records = [self._record(message) for message in messages]
        except ConnectorError as error:
            return None, _End.FAILED, error
        if not messages:
            return None, _End.EMPTY, None
        effects = [
            self._hold(sweep, *pair, asked_at) for pair in zip(messages, records, strict=True)
        ]
        fresh = sum(record.record_id not in sweep.seen for record in records)
        sweep.seen.update(record.record_id for record in records)
        instants = [record.source_at for record in records if record.source_at is not None]
        sweep.first_at = min(
            [*instants, *([sweep.first_at] if sweep.first_at else [])], default=None
        )
        page = Page(tuple(records), self._checkpoint(sweep), peek_effects=tuple(effects))
        if sweep.spent and not self.force:
            return page, _End.LAST_RECEIVE, None
        # Messages come back after the visibility timeout: more repeats than news is the end.
        return page, _End.REPEATS if fresh * 2 < len(messages) else None, None

    def _record(self, message: dict[str, Any]) -> Record:
        return queue_record(self.queue, message, self.now, Mode.PEEK, own_receives=1)

    def _hold(
        self, sweep: _Sweep, message: dict[str, Any], record: Record, asked_at: datetime
    ) -> PeekEffect:
        most, count = sweep.plan.max_receive_count, record.receive_count
        left = None if most is None or count is None else max(0, most - count)
        if left is not None and left <= 1:
            sweep.spent.append(record.record_id)
        effect = PeekEffect(
            record_id=record.record_id,
            received_at=record.received_at,
            receive_count=count,
            receives_left=left,
            hidden_until_at=record.received_at + self.budget.hidden,
        )
        self._held[record.record_id] = _Held(
            message["ReceiptHandle"], effect, record.ordering_key, asked_at + self.budget.hidden
        )
        return effect

    def _end_of_budget(self, sweep: _Sweep) -> _End | None:
        over = (
            len(sweep.seen) >= self.budget.messages
            or sweep.receives >= self.budget.receives
            or self.now() - sweep.began_at >= self.budget.sweep
        )
        return _End.BUDGET if over else None

    def _failure(
        self, sweep: _Sweep, end: _End, failure: ConnectorError | None
    ) -> ConnectorError | None:
        """What is raised once the last page is durable."""
        if end is _End.LAST_RECEIVE:
            blocked = f", groups {', '.join(self.held_groups)}" if self.held_groups else ""
            return OperationRefusedError(
                f"peek at {self.source_arn} stopped: {len(sweep.spent)} messages ({sweep.spent[0]} "
                f"first{blocked}) have at most one receive left of {sweep.plan.max_receive_count}; "
                "look at its dead-letter queue, or force it"
            )
        if failure is None or isinstance(failure, _NOT_TRIED_AGAIN):
            return failure
        # Whoever reads tries anything else again, and every try would cost messages a receive.
        stopped = OperationRefusedError(
            f"{failure}; the peek stopped and is not tried again, as every try counts as a receive"
        )
        stopped.__cause__ = failure
        return stopped

    def _spans(self, sweep: _Sweep, end: _End) -> tuple[Span, ...]:
        to_at = sweep.asked_at
        if to_at is None:
            return ()
        from_at, cause = sweep.first_at or to_at, None
        if end is not _End.EMPTY or self.wait_seconds == 0:
            # What was not looked at may be as old as the queue keeps messages.
            from_at = to_at - self.queue.retention
            sampled = end in (_End.EMPTY, _End.REPEATS)
            cause = Cause.SAMPLED if sampled else Cause.INTERRUPTED
        elif self._holds_more():
            cause = Cause.SAMPLED
        else:
            to_at -= self.queue.delay
        return (Span(from_at, to_at, cause),) if from_at < to_at else ()

    def _holds_more(self) -> bool:
        """Whether a FIFO queue has messages behind those we hold: of a group in flight none is given."""
        if not self.queue.is_fifo:
            return False
        wanted = f"counts of {self.source_arn}"
        try:
            attributes = ask_attributes(self.queue.url, self.client, wanted)
            return counts_of(attributes, wanted).visible > 0
        except ConnectorError:
            return True  # not known, so not claimed

    def _give_back(self) -> list[_Held]:
        """Make what we hold visible again, in the order received; returns what could not be."""
        held, now = list(self._held.values()), self.now()
        self._held.clear()
        # A handle that ran out may be of a message that a consumer holds by now: it came back by itself.
        good = [each for each in held if now < each.expires_at]
        failed = set(give_back(self.queue, self.client, [each.handle for each in good]))
        given_back_at = self.now()
        for each in good:
            if each.handle not in failed:
                done = replace(each.effect, given_back_at=given_back_at)
                self._unrecorded[(done.record_id, done.received_at)] = done
        return [each for each in good if each.handle in failed]

    def _recorded(self) -> tuple[PeekEffect, ...]:
        effects = self.unrecorded_effects
        self._unrecorded.clear()
        return effects

    def _not_given_back(self, left: Sequence[_Held]) -> ConnectorError:
        until = max(each.effect.hidden_until_at for each in left)
        return OperationRefusedError(
            f"giving back messages of {self.source_arn} was wanted, {len(left)} failed; they come "
            f"back by themselves by {until.isoformat(timespec='seconds')}"
        )

    def _checkpoint(self, sweep: _Sweep) -> Checkpoint:
        return Checkpoint("", compact_json({"messages": len(sweep.seen)}))


def _with_note(first: ConnectorError | None, then: ConnectorError) -> ConnectorError:
    if first is None:
        return then
    first.add_note(str(then))
    return first
