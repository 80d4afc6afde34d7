"""An invoker some of whose invocations end otherwise than the handler did: crashed, throttled, or not taken note of."""

import json
import random
from collections.abc import Callable
from dataclasses import replace

from workbench.replay.engine.invocation import Batch, Invocation, Invoker

CRASHED, THROTTLED, AGAIN = "WhatIf.CrashAfterEffect", "WhatIf.Throttled", "WhatIf.DeliveredAgain"
"""Error types of what is injected, as rows of the run have them."""
Undo = Callable[[str, int], None] | None
"""Told of an invocation by its request id whose effects from an ordinal on were never made."""


class PerturbedInvoker:
    """Strikes first attempts only, so that retries get through.

    Args:
        invoker: runs the handler.
        seed: equal seeds strike the same invocations.
        again: share of the batches that are handed over once more although they succeeded.
        crash: share of the invocations with effects that crash behind one of them: the answer is lost, and so are
            later effects, and what the handler had in memory.
        throttle: share of the invocations that Lambda refuses, before the handler sees them. Assumed: that counts as
            an attempt.
        reports_failures: whether an answer can name where a batch is to be taken up again.
        struck: told the kind of everything that is injected.
        undo: told what was not done because of a crash.
    """

    parallel = 1
    """What is struck depends on the order of the invocations."""

    def __init__(
        self,
        invoker: Invoker,
        seed: int,
        *,
        again: float = 0.0,
        crash: float = 0.0,
        throttle: float = 0.0,
        reports_failures: bool = False,
        struck: Callable[[str], None] = lambda kind: None,
        undo: Undo = None,
    ) -> None:
        self._invoker = invoker
        self._seed = seed
        self._again, self._crash, self._throttle = again, crash, throttle
        self._reports_failures = reports_failures
        self._struck = struck
        self._undo = undo

    def invoke(self, batch: Batch, request_id: str) -> Invocation:
        """Hand over one event, or what is to come of it."""
        if any(item.deliveries for item in batch.items):
            return self._invoker.invoke(batch, request_id)
        chance = random.Random(f"{self._seed} {request_id}")
        throttled, crashes, again = (
            chance.random() < share for share in (self._throttle, self._crash, self._again)
        )
        if throttled:
            self._struck("throttle-invocation")
            return Invocation(
                error_type=THROTTLED, error_message="what if: Rate Exceeded.", effects=()
            )
        invocation = self._invoker.invoke(batch, request_id)
        if crashes and invocation.effects:
            return self._crashed(invocation, request_id, chance)
        if again and invocation.error_type is None and batch.items:
            return self._delivered_again(batch, invocation, chance)
        return invocation

    def renew(self) -> None:
        """Load the handler anew."""
        self._invoker.renew()

    def close(self) -> None:
        """End the handler."""
        self._invoker.close()

    def _crashed(
        self, invocation: Invocation, request_id: str, chance: random.Random
    ) -> Invocation:
        effects = invocation.effects or ()
        made = chance.randint(1, len(effects))
        last = effects[made - 1]
        self._struck("crash-after-effect")
        self._invoker.renew()
        if self._undo is not None:
            self._undo(request_id, made + 1)
        return replace(
            invocation,
            response=None,
            error_type=CRASHED,
            error_message=f"what if: crashed after effect {made} of {len(effects)}, {last.service} {last.operation}",
            effects=effects[:made],
        )

    def _delivered_again(
        self, batch: Batch, invocation: Invocation, chance: random.Random
    ) -> Invocation:
        self._struck("duplicate")
        first = chance.randrange(len(batch.items)) if self._reports_failures else 0
        if first:
            tail = [{"itemIdentifier": item.identifier} for item in batch.items[first:]]
            return replace(invocation, response=json.dumps({"batchItemFailures": tail}))
        return replace(
            invocation,
            response=None,
            error_type=AGAIN,
            error_message="what if: the batch is delivered again",
        )
