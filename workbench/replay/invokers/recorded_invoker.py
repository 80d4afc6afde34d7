"""No handler at all: each batch takes as long, and ends, as the log of production says that its records did."""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.errors import UsageError
from workbench.replay.engine.invocation import Batch, Invocation, Item
from workbench.trace import Trace
from workbench.trace.sql import load_statement

_FAILED = ("error", "timeout", "failure")


@dataclass(frozen=True, slots=True)
class Handling:
    """What one request in production did with one record."""

    duration_ms: float
    """Of the whole request."""
    records: int
    """How many it was given."""
    error_type: str | None = None
    """None: it succeeded."""
    error_message: str | None = None

    @property
    def share_ms(self) -> float:
        """What of the duration is one record's. Assumed: the records of a request took equally long."""
        return self.duration_ms / self.records


Handlings = Mapping[tuple[str, str], Sequence[Handling]]
"""Partition and record id to what became of it, attempt for attempt."""


class RecordedInvoker:
    """Answers from the log: equal input and seed give equal outcomes, and no time passes.

    A record's n-th delivery goes as its n-th handling in production went; assumed: deliveries beyond those go as the
    last. A batch takes what its records took of their requests, so that the batches of production take exactly what
    they took; records that no log tells of take their part of a request drawn from all that were observed, and
    succeed. A batch fails where one of its records' requests failed.

    Args:
        handlings: of the source's records.
        seed: of the draws.

    Example:
        >>> RecordedInvoker(recorded_handlings(trace, source_arn))              # doctest: +SKIP
    """

    parallel = 1
    """It takes no time; on the run's clock batches overlap all the same."""
    isolation = {"tier": None, "means": "no handler runs", "canary": None}  # noqa: RUF012
    """What the run's document says of it."""

    def __init__(self, handlings: Handlings, *, seed: int = 0) -> None:
        self._handlings = handlings
        self._seed = seed
        self._observed = [each for all_of_one in handlings.values() for each in all_of_one]

    def invoke(self, batch: Batch, request_id: str) -> Invocation:
        """What production's log says of a batch."""
        told = [self._of(item) for item in batch.items]
        known = [handling for handling in told if handling is not None]
        took_ms = sum(handling.share_ms for handling in known)
        unknown = len(told) - len(known)
        if unknown or not told:
            drawn = random.Random(f"{self._seed} {request_id}").choice(self._observed)
            took_ms += drawn.duration_ms * (unknown / len(told) if told else 1)
        took_ms = round(took_ms, 3)
        failed = next((handling for handling in known if handling.error_type), None)
        return Invocation(
            response=None if failed else "null",
            error_type=failed.error_type if failed else None,
            error_message=failed.error_message if failed else None,
            duration_ms=took_ms,
            virtual_ms=took_ms,
        )

    def renew(self) -> None:
        """Nothing to load anew: there is no handler."""

    def close(self) -> None:
        """There is nothing to end."""

    def _of(self, item: Item) -> Handling | None:
        handlings = self._handlings.get((item.partition_id, item.record_id))
        return handlings[min(item.deliveries, len(handlings) - 1)] if handlings else None


def recorded_handlings(
    trace: Trace,
    source_arn: str,
    log_group: str | None = None,
    *,
    function_name: str | None = None,
) -> Handlings:
    """What production did with the records of a source, as its function's log tells.

    Args:
        trace: where records and log lines are.
        source_arn: the source.
        log_group: ARN of the function's log group; None: the one that tells of most records.
        function_name: preferred to that, where its log tells of any.

    Raises:
        UsageError: no log in the trace tells of it.

    Source: CloudWatch Logs, REPORT lines and platform.report events of Lambda.
    """
    statement = load_statement(__package__, "recorded_handlings")
    rows = list(trace.rows(statement.text, source_arn=source_arn))
    told = Counter(row["log_group"] for row in rows)
    own = [name for name in told if name.endswith(f":log-group:/aws/lambda/{function_name}")]
    likely = own or sorted(told, key=lambda name: (-told[name], name))
    chosen = log_group or next(iter(likely), None)
    if not told[chosen or ""]:
        raise UsageError(
            f"wanted log lines that tell how {source_arn} was handled, found none"
            f"{f' of {log_group}' if log_group else ''}; capture the function's log as well (lambda:FUNCTION)"
        )
    found: dict[tuple[str, str], list[Handling]] = defaultdict(list)
    for row in rows:
        if row["log_group"] == chosen:
            found[row["partition_id"], row["record_id"]].append(_handling(row))
    return found


def _handling(row: Mapping[str, Any]) -> Handling:
    failed = row["status"] in _FAILED
    return Handling(
        row["duration_ms"],
        row["records"],
        (row["error_type"] or _unnamed(row["status"])) if failed else None,
        row["error_message"] if failed else None,
    )


def _unnamed(status: str) -> str:
    """The type of a failure whose line names none."""
    return "Sandbox.Timedout" if status == "timeout" else "Function.Unknown"
