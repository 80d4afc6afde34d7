"""Policy documents as AWS keeps them: statements that allow or deny actions on resources under conditions."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from workbench.errors import UsageError
from workbench.summary import Summary

_INSIDE = ("PolicyDocument", "PolicyVersion", "Document", "Policy", "Attributes", "QueueAttributes")
"""Where answers of IAM, Lambda and SQS keep a document: get-role-policy, get-policy-version, get-policy, attributes."""
_MEMBERS = frozenset(
    {
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
        "Principal",
        "NotPrincipal",
    }
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; members that may be one or several are several."""

    name: str
    """The policy and the statement's Sid, or its number from 1."""
    allows: bool
    """Else it denies."""
    actions: tuple[str, ...]
    is_not_action: bool
    """The actions are those that it is not about."""
    resources: tuple[str, ...]
    """Empty: every resource, as in the policy of a resource that means itself."""
    is_not_resource: bool
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Operator to key to values."""
    principals: Mapping[str, tuple[str, ...]] | None
    """Kind (`AWS`, `Service`, …; `*` for everybody) to names; None in the policy of an identity."""
    is_not_principal: bool


@dataclass(frozen=True, slots=True, repr=False)
class Policy(Summary):
    """One document."""

    name: str
    statements: tuple[Statement, ...]

    def _facts(self) -> dict[str, Any]:
        """Its name, and what it is about."""
        return {
            "policy": self.name,
            "statements": len(self.statements),
            "actions": sorted({action for each in self.statements for action in each.actions}),
        }


def read_policy(document: str | Mapping[str, Any], name: str = "policy") -> Policy:
    """The policy in a document, or in AWS's answer around one.

    Args:
        document: JSON text or the object: a policy, or an answer of `aws iam get-role-policy`, `get-policy-version`,
            `aws lambda get-policy` or `aws sqs get-queue-attributes`; URL-encoded inside, as IAM has it, or not.
        name: what statements without a Sid are told apart by.

    Raises:
        UsageError: no policy in there, or a statement that AWS would refuse.

    Example:
        >>> text = '{"Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}}'
        >>> read_policy(text).statements[0].actions
        ('sqs:SendMessage',)

    Source: IAM user guide, "IAM JSON policy elements reference"; IAM GetRolePolicy, GetPolicyVersion.
    """
    found = _document(document, name)
    statements = found.get("Statement")
    if isinstance(statements, Mapping):
        statements = [statements]
    if not isinstance(statements, Sequence) or isinstance(statements, str) or not statements:
        raise UsageError(f"wanted statements in {name}, found none; give the policy document")
    return Policy(name, tuple(_statements(statements, name)))


def _document(document: str | Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Any = document
    while True:
        if isinstance(found, str):
            text = found.strip()
            try:
                found = json.loads(unquote(text) if text.startswith("%7B") else text)
            except ValueError as error:
                raise UsageError(f"wanted a policy as JSON in {name}, found {error}") from error
        if not isinstance(found, Mapping):
            raise UsageError(f"wanted a policy in {name}, found {type(found).__name__}")
        if "Statement" in found:
            return found
        inside = next((found[member] for member in _INSIDE if member in found), None)
        if inside is None:
            raise UsageError(f"wanted a policy in {name}, found {', '.join(found) or 'nothing'}")
        found = inside


def _statements(statements: Sequence[Any], policy: str) -> Iterator[Statement]:
    for number, each in enumerate(statements, 1):
        if not isinstance(each, Mapping):
            raise UsageError(f"wanted a statement in {policy}, found {each!r}")
        name = f"{policy} {each.get('Sid') or number}"
        unknown = sorted(set(map(str, each)) - _MEMBERS)
        if unknown or each.get("Effect") not in ("Allow", "Deny"):
            found = ", ".join(unknown) or f"Effect {each.get('Effect')!r}"
            raise UsageError(f"wanted Allow or Deny and AWS's members in {name}, found {found}")
        if ("Action" in each) == ("NotAction" in each):
            raise UsageError(f"wanted Action or NotAction in {name}, found both or none")
        principal = each.get("Principal", each.get("NotPrincipal"))
        yield Statement(
            name,
            each["Effect"] == "Allow",
            _several(each.get("Action", each.get("NotAction")), name),
            "NotAction" in each,
            _several(each.get("Resource", each.get("NotResource", ())), name),
            "NotResource" in each,
            {
                str(operator): {str(key): _several(values, name) for key, values in keys.items()}
                for operator, keys in _mapping(each.get("Condition", {}), name).items()
                for keys in (_mapping(keys, name),)
            },
            None if principal is None else _principals(principal, name),
            "NotPrincipal" in each,
        )


def _principals(principal: Any, name: str) -> dict[str, tuple[str, ...]]:
    if isinstance(principal, str):
        return {"*" if principal == "*" else "AWS": (principal,)}
    return {str(kind): _several(names, name) for kind, names in _mapping(principal, name).items()}


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UsageError(f"wanted an object in {name}, found {value!r}")
    return value


def _several(value: Any, name: str) -> tuple[str, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(each, str | bool | int | float) for each in values):
        raise UsageError(f"wanted text in {name}, found {value!r}")
    return tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in values)
