"""Whether policies allow a request: a deny wins, then an allow; nothing else is allowed.

Offline nobody knows every condition key, boundary or organisation's policy: where an answer depends on one that is not
known, it says so and which.

Source: IAM user guide, "Policy evaluation logic".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from workbench.permissions.conditions import Context, holds, matches, unknown_keys
from workbench.permissions.policy import Policy, Statement

Verdict = Literal["allowed", "denied", "not_allowed", "unknown"]
"""`denied`: by a statement; `not_allowed`: by none that allows it; `unknown`: it depends on what is not known."""


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants to do."""

    action: str
    """`sqs:SendMessage`."""
    resource: str
    """ARN; `*` in it stands for what is not known, or for any."""
    context: Context = field(default_factory=dict)
    principal: Mapping[str, str] | None = None
    """Kind to name (`{"Service": "sns.amazonaws.com"}`); for the policy of a resource."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer."""

    verdict: Verdict
    statement: str | None
    """The one that decided; None where none did."""
    depends_on: tuple[str, ...] = ()
    """Condition keys that are not known."""


def decide(request: Request, policies: Iterable[Policy]) -> Decision:
    """Whether the policies together allow the request.

    Example:
        >>> from workbench.permissions.policy import read_policy
        >>> text = '{"Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}'
        >>> decide(Request("sqs:SendMessage", "arn:aws:sqs:eu-west-1:1:orders"), [read_policy(text)]).verdict
        'allowed'
    """
    about = [
        (statement, answer)
        for policy in policies
        for statement in policy.statements
        if (answer := _is_about(statement, request)) is not False
    ]
    denies = [(each, answer) for each, answer in about if not each.allows]
    for each, answer in denies:
        if answer is True:
            return Decision("denied", each.name)
    allows = [(each, answer) for each, answer in about if each.allows]
    sure = next((each for each, answer in allows if answer is True), None)
    doubts = [each for each, answer in (denies if sure else about) if answer is None]
    if doubts:
        keys = [
            key for each in doubts for key in unknown_keys(each.conditions, request.context)
        ] or ["the resource"]
        return Decision("unknown", doubts[0].name, tuple(dict.fromkeys(keys)))
    return Decision("allowed", sure.name) if sure else Decision("not_allowed", None)


def _is_about(statement: Statement, request: Request) -> bool | None:
    """Whether a statement speaks of the request; None where that is not known."""
    listed = any(matches(each, request.action, any_case=True) for each in statement.actions)
    if listed == statement.is_not_action:
        return False
    if not _is_about_principal(statement, request.principal):
        return False
    resource = _is_about_resource(statement, request.resource)
    if resource is False:
        return False
    condition = holds(statement.conditions, request.context)
    if condition is False:
        return False
    return None if condition is None or resource is None else True


def _is_about_resource(statement: Statement, resource: str) -> bool | None:
    if not statement.resources:
        return True
    listed = any(_resource_matches(each, resource) for each in statement.resources)
    if not listed and any(_resource_matches(resource, each) for each in statement.resources):
        return None  # of a resource that is known in part: it may be one of those
    return listed != statement.is_not_resource


def _resource_matches(pattern: str, resource: str) -> bool:
    return pattern == "*" or matches(pattern, resource)


def _is_about_principal(statement: Statement, principal: Mapping[str, str] | None) -> bool:
    if statement.principals is None or principal is None:
        return True
    listed = any(_names(statement.principals, kind, name) for kind, name in principal.items())
    return listed != statement.is_not_principal


def _names(principals: Mapping[str, tuple[str, ...]], kind: str, name: str) -> bool:
    if "*" in principals:
        return True
    for each in principals.get(kind, ()):
        if each in ("*", name):
            return True
        account = name.split(":")[4] if name.count(":") >= 5 else name
        if kind == "AWS" and each in (account, f"arn:aws:iam::{account}:root"):
            return True
    return False
