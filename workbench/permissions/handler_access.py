"""What the calls of a replay need, and which of them a role's policy would deny: nothing is asked of AWS."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from workbench.errors import UsageError
from workbench.permissions.calls import Need, Place, needs
from workbench.permissions.conditions import Context
from workbench.permissions.evaluate import Decision, Request, decide
from workbench.permissions.least import least_policy, role_needs
from workbench.permissions.policy import Policy
from workbench.summary import Summary
from workbench.trace import Trace
from workbench.trace.sources import source_name
from workbench.trace.sql import load_statement

COLUMNS: dict[str, Any] = {
    "action": pl.String,
    "resource": pl.String,
    "times": pl.Int64,
    "verdict": pl.String,
    "statement": pl.String,
    "depends_on": pl.List(pl.String),
}


@dataclass(frozen=True, slots=True)
class Access:
    """One need of the handler."""

    need: Need
    times: int
    """How often the run asked for it; 0 for what the role needs besides."""
    decision: Decision | None
    """None where no policy was given."""


@dataclass(frozen=True, slots=True, repr=False)
class HandlerAccess(Summary):
    """What `handler_access` found."""

    run_id: str
    source_arn: str
    needed: tuple[Access, ...]
    """Sorted by action and resource."""
    not_told: Mapping[str, int]
    """Calls of no AWS service, and how many: nothing of IAM decides them."""

    @property
    def refused(self) -> tuple[Access, ...]:
        """What the policies would not allow."""
        return tuple(
            each
            for each in self.needed
            if each.decision and each.decision.verdict in ("denied", "not_allowed")
        )

    @property
    def unknown(self) -> tuple[Access, ...]:
        """What depends on conditions that are not known here."""
        return tuple(
            each for each in self.needed if each.decision and each.decision.verdict == "unknown"
        )

    def least_policy(self) -> dict[str, Any]:
        """The least policy that allows all of it: a document for `aws iam put-role-policy`."""
        return least_policy(each.need for each in self.needed)

    def document(self) -> dict[str, Any]:
        """As `workbench permissions --json` prints it.

        Returns:
            `run_id`, `source_arn`, `needed` (rows as of `to_frame`), `refused` and `unknown` (how many), `not_told`,
            `least_policy`.
        """
        return {
            "run_id": self.run_id,
            "source_arn": self.source_arn,
            "needed": self.to_frame().to_dicts(),
            "refused": len(self.refused),
            "unknown": len(self.unknown),
            "not_told": dict(self.not_told),
            "least_policy": self.least_policy(),
        }

    def to_frame(self) -> pl.DataFrame:
        """The needs.

        Returns:
            One row an action and resource: `action, resource, times, verdict` (`allowed`, `denied`, `not_allowed`,
            `unknown`; null without a policy), `statement` (that decided), `depends_on` (condition keys).
        """
        return pl.DataFrame([_row(each) for each in self.needed], schema=COLUMNS)

    def _facts(self) -> dict[str, Any]:
        """What is needed, and what the policies say to it."""
        return {
            "source": source_name(self.source_arn),
            "actions needed": sorted({each.need.action for each in self.needed}),
            "refused": [each.need.action for each in self.refused],
            "unknown": [each.need.action for each in self.unknown],
            "calls of no AWS service": self.not_told,
            "run": self.run_id,
        }


def handler_access(
    trace: Trace, run_id: str | None = None, policies: Sequence[Policy] = ()
) -> HandlerAccess:
    """What the handler of a replay needs to be allowed, and what these policies would say to it.

    Args:
        trace: an open trace with a replay in it.
        run_id: the replay; None for the latest.
        policies: those of the function's role (`read_policy`); none to learn the least policy alone.

    Returns:
        The needs of the recorded calls, of the function's log, and of the mapping that reads the source. Only identity
        policies are evaluated: a permissions boundary or an organisation's policy may deny more.

    Raises:
        UsageError: no such replay.

    Example:
        >>> handler_access(trace).least_policy()["Statement"]  # doctest: +SKIP

    Source: IAM user guide, "Policy evaluation logic".
    """
    run = _run(trace, run_id)
    source_arn = run["source_arn"]
    parts = source_arn.split(":")
    place = Place(parts[3] or "*", parts[4] or "*") if len(parts) > 4 else Place("*", "*")
    calls = trace.sql(load_statement(__package__, "recorded_calls").text, run_id=run["run_id"])
    times: Counter[Need] = Counter(dict.fromkeys(role_needs(source_arn, place), 0))
    others: Counter[str] = Counter()
    for service, operation, parameters, count in calls.iter_rows():
        found = needs(service, operation, _parameters(parameters), place)
        times.update(dict.fromkeys(found, count))
        if service == "http":
            others[operation] += count
    return HandlerAccess(
        run["run_id"], source_arn, tuple(_judged(times, place, policies)), dict(others)
    )


def _judged(times: Counter[Need], place: Place, policies: Sequence[Policy]) -> Iterator[Access]:
    context: Context = {
        "aws:requestedregion": [place.region],
        "aws:principalaccount": [place.account],
        "aws:securetransport": ["true"],
        "aws:multifactorauthpresent": None,
    }
    for need, count in sorted(times.items()):
        request = Request(need.action, need.resource, context)
        yield Access(need, count, decide(request, policies) if policies else None)


def _run(trace: Trace, run_id: str | None) -> dict[str, Any]:
    runs = trace.sql("select run_id, source_arn from runs order by started_at desc, run_id")
    for row in runs.iter_rows(named=True):
        if run_id in (None, row["run_id"]):
            return row
    if runs.is_empty():
        raise UsageError("wanted a replay in this trace, found none; replay it first")
    there = ", ".join(runs["run_id"])
    raise UsageError(f"wanted a replay of this trace, found {run_id!r}; there are {there}")


def _parameters(text: str) -> dict[str, Any]:
    found = json.loads(text)
    return found if isinstance(found, dict) else {}


def _row(access: Access) -> dict[str, Any]:
    decision = access.decision
    return {
        "action": access.need.action,
        "resource": access.need.resource,
        "times": access.times,
        "verdict": decision and decision.verdict,
        "statement": decision and decision.statement,
        "depends_on": list(decision.depends_on) if decision else [],
    }
