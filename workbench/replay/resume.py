"""Resuming: the answers that an interrupted run already has, given again, and the handler after that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from connectors.answers import compact_json
from workbench.errors import UsageError
from workbench.replay.engine.invocation import Batch, Effect, Invocation, Invoker
from workbench.trace import Trace
from workbench.trace.sql import load_statement

Plan = Mapping[str, Any]
"""Everything that decides what a run does, as JSON: the same plan gives the same invocations."""


@dataclass(slots=True)
class ResumedInvoker:
    """Answers as an earlier run was answered, as far as that one came; a run is the same each time, so they fit.

    A handler that keeps something from one invocation to the next begins anew where the earlier run ended.
    """

    invoker: Invoker
    recorded: dict[str, Mapping[str, Any]]
    """Rows of `recorded_answers.sql` by invocation id; used up."""
    answered: int = 0
    """Invocations that were answered from the earlier run."""

    @property
    def parallel(self) -> int:
        """As many as the handler."""
        return self.invoker.parallel

    def invoke(self, batch: Batch, request_id: str) -> Invocation:
        """The recorded answer, else the handler's.

        Raises:
            UsageError: the event is not the one that was answered.
        """
        row = self.recorded.pop(request_id, None)
        if row is None:
            return self.invoker.invoke(batch, request_id)
        if row["event"] != batch.event:
            raise UsageError(
                f"wanted the same run again, found another event in its invocation {request_id}; "
                "the trace or the workbench has changed, so replay without --resume"
            )
        self.answered += 1
        return _invocation(row)

    def renew(self) -> None:
        """Load the handler anew."""
        self.invoker.renew()

    def close(self) -> None:
        """End the handler."""
        self.invoker.close()


def recorded_answers(trace: Trace, run_id: str, plan: Plan) -> dict[str, Mapping[str, Any]]:
    """What an earlier run was answered, by invocation id.

    Args:
        trace: where the earlier run is.
        run_id: of it.
        plan: of the run that is to go on.

    Returns:
        Rows of `recorded_answers.sql`. An invocation that failed without its error being written is left out: it is
        made again.

    Raises:
        UsageError: there is no such run, or it was another one; the message says in what.
    """
    statement = load_statement(__package__, "run_plan")
    rows = trace.sql(statement.text, run_id=run_id)
    if rows.is_empty():
        raise UsageError(
            f"wanted a run of the trace to resume, found none of the id {run_id!r} that can be"
        )
    earlier = orjson.loads(rows["plan"][0])
    now = orjson.loads(compact_json(plan))
    if different := [name for name in {**earlier, **now} if earlier.get(name) != now.get(name)]:
        raise UsageError(
            f"wanted the run {run_id} as it began, found another {', '.join(different)}; "
            "give what was given then, or replay without --resume"
        )
    answers = trace.rows(load_statement(__package__, "recorded_answers").text, run_id=run_id)
    return {row["invocation_id"]: row for row in answers}


def _invocation(row: Mapping[str, Any]) -> Invocation:
    effects = None
    if row["effects"] is not None:
        effects = tuple(
            Effect(
                each["service"],
                each["operation"],
                orjson.loads(each["parameters"]),
                orjson.loads(each["answered_with"]),
            )
            for each in orjson.loads(row["effects"])
        )
    return Invocation(
        response=row["response"],
        error_type=row["error_type"],
        error_message=row["error_message"],
        duration_ms=row["duration_ms"],
        init_ms=row["billed_ms"] - row["duration_ms"] if row["cold"] else None,
        max_memory_bytes=row["max_memory_bytes"],
        effects=effects,
    )
