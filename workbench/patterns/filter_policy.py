"""Filter policies of SNS subscriptions: does a subscriber get this publish, and would SNS take the policy?

Source: SNS developer guide, "Amazon SNS subscription filter policies", "Filter policy constraints", "Key matching",
"String value matching", "Numeric value matching".
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any, Self

from workbench.patterns.language import Rule, compile_rule, parsed
from workbench.patterns.operators import PatternError

ATTRIBUTES, BODY = "MessageAttributes", "MessageBody"
POLICY_BYTES_MAX = 256 * 1024
KEYS_MAX = 5
COMBINATIONS_MAX = 150
_UNDER_ANYTHING_BUT = ("prefix", "wildcard")
"""Recorded from SNS: suffix and exists are refused there."""


@dataclass(frozen=True, slots=True)
class FilterPolicy:
    """A subscription's filter policy, compiled."""

    rule: Rule
    is_on_body: bool

    @classmethod
    def of(cls, policy: str | Mapping[str, Any], scope: str = ATTRIBUTES) -> Self:
        """The policy as SNS keeps it.

        Args:
            policy: FilterPolicy as JSON text or as what that parses to.
            scope: FilterPolicyScope.

        Raises:
            PatternError: SNS would refuse it for its syntax; the message is SNS's reason.

        Example:
            >>> FilterPolicy.of({"store": ["north"]}).admits(b"", {"store": {"Type": "String", "Value": "north"}})
            True
        """
        if scope not in (ATTRIBUTES, BODY):
            raise PatternError(
                f"Invalid value [{scope}]. Please use either MessageBody or MessageAttributes"
            )
        document = parsed(policy) if isinstance(policy, str) else policy
        if scope == ATTRIBUTES and isinstance(document, dict) and _is_nested(document):
            raise PatternError(
                "Filter policy scope MessageAttributes does not support nested filter policy"
            )
        return cls(compile_rule(document, empty_exists=False), scope == BODY)

    def admits(self, body: bytes, attributes: Mapping[str, Any]) -> bool:
        """Whether the subscriber gets a publish.

        Args:
            body: its Message.
            attributes: its MessageAttributes by name, in the spelling of a notification (`Type`, `Value`) or of
                Publish (`DataType`, `StringValue`).

        Raises:
            RecursionError: the body nests deeper than can be told.
        """
        if self.is_on_body:
            try:
                document = parsed(body)
            except PatternError as error:
                if isinstance(error.__cause__, RecursionError):
                    raise error.__cause__ from None
                return False
            return isinstance(document, dict) and self.rule.passes(document)
        # `exists: false` too wants at least one attribute there.
        return bool(attributes) and self.rule.passes(dict(_attribute_values(attributes)))


def check_policy(policy: str | Mapping[str, Any], scope: str = ATTRIBUTES) -> list[str]:
    """Why SNS would refuse a filter policy.

    Returns:
        SNS's words; empty where it would be taken.

    Example:
        >>> check_policy({"store": "north"})
        ['Invalid parameter: FilterPolicy: "store" must be an object or an array']

    Source: SNS Subscribe, SetSubscriptionAttributes.
    """
    return [f"Invalid parameter: FilterPolicy: {reason}" for reason in _reasons(policy, scope)]


def sns_admits(policy: str | None, scope: str, attributes: str, body: bytes) -> bool | None:
    """Whether a subscription's policy lets a publish through, over texts as a trace keeps them.

    Args:
        policy: FilterPolicy as JSON; None: there is none, everything passes.
        scope: FilterPolicyScope.
        attributes: MessageAttributes as JSON.
        body: the Message.

    Returns:
        None where it cannot be told: a policy or attributes that cannot be read, a body that nests too deep.

    Example:
        >>> sns_admits('{"kind": ["paid"]}', "MessageBody", "{}", b'{"kind": "paid"}')
        True
    """
    if policy is None or not policy.strip():
        return True
    try:
        compiled = _compiled(policy, scope)
        told = json.loads(attributes) if attributes else {}
        return compiled.admits(body, told) if isinstance(told, dict) else None
    except (PatternError, ValueError, RecursionError):
        return None


@lru_cache(maxsize=256)
def _compiled(policy: str, scope: str) -> FilterPolicy:
    return FilterPolicy.of(policy, scope)


def _attribute_values(attributes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Attributes as values: numbers of numbers, lists of arrays; binary ones are not looked at."""
    for name, attribute in attributes.items():
        if not isinstance(attribute, Mapping):
            continue
        kind = str(attribute.get("Type", attribute.get("DataType", "String")))
        text = attribute.get("Value", attribute.get("StringValue"))
        if kind.startswith("Binary") or not isinstance(text, str | int | float):
            continue
        if kind.endswith(".Array") or kind.startswith("Number"):
            try:
                value = parsed(str(text))
            except PatternError:
                continue
            # An array of SNS holds scalars only.
            yield (
                name,
                [each for each in value if not isinstance(each, dict | list)]
                if isinstance(value, list)
                else value,
            )
        else:
            yield name, str(text)


def _is_nested(policy: Mapping[str, Any]) -> bool:
    return any(
        isinstance(wanted, Mapping)
        or (
            name == "$or"
            and isinstance(wanted, list)
            and any(isinstance(each, Mapping) and _is_nested(each) for each in wanted)
        )
        for name, wanted in policy.items()
    )


def _reasons(policy: Any, scope: str) -> Iterator[str]:
    text = policy if isinstance(policy, str) else json.dumps(policy)
    if len(text.encode("utf-8", "surrogatepass")) > POLICY_BYTES_MAX:
        yield "Filter policy is too long"
    try:
        document = parsed(text)
    except PatternError:
        yield "failed to parse JSON."
        return
    try:
        FilterPolicy.of(document, scope)
    except PatternError as error:
        yield str(error)
        return
    branches = _branches(document, 1)
    if len({path for branch in branches for path, _ in branch}) > KEYS_MAX:
        yield f"Filter policy can not have more than {KEYS_MAX} keys"
    if sum(prod(count for _, count in branch) for branch in branches) > COMBINATIONS_MAX:
        yield "Filter policy is too complex"
    for inner in _under_anything_but(document):
        if inner not in _UNDER_ANYTHING_BUT:
            yield f"Unsupported anything-but pattern: {inner}"


Branch = tuple[tuple[str, int], ...]
"""Fields that must pass together: the path of each, and its values times its depth."""


def _branches(policy: Mapping[str, Any], depth: int, path: str = "") -> list[Branch]:
    found: list[Branch] = [()]
    for name, wanted in policy.items():
        below = f"{path}.{name}" if path else name
        if name == "$or":
            more = [branch for each in wanted for branch in _branches(each, depth, path)]
        elif isinstance(wanted, dict):
            more = _branches(wanted, depth + 1, below)
        else:
            more = [((below, len(wanted) * depth),)]
        found = [(*branch, *added) for branch in found for added in more]
        if len(found) > COMBINATIONS_MAX:
            break  # too complex already
    return found


def _under_anything_but(policy: Mapping[str, Any]) -> Iterator[str]:
    for name, wanted in policy.items():
        if isinstance(wanted, dict):
            yield from _under_anything_but(wanted)
            continue
        for each in wanted:
            if name == "$or":
                yield from _under_anything_but(each)
            elif isinstance(each, dict) and isinstance(each.get("anything-but"), dict):
                yield next(iter(each["anything-but"]))
