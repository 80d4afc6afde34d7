"""Whether a subscription's filter policy lets a message through: as much of AWS's rules as the scripts use."""

import json
from collections.abc import Mapping
from typing import Any


def passes(policy: str | None, scope: str, message: str, attributes: Mapping[str, Any]) -> bool:
    """Whether a subscriber with this policy gets the message.

    Source: SNS developer guide, "Filter policy constraints" and "Attribute string value matching".
    """
    if not policy:
        return True
    if scope == "MessageBody":
        try:
            document = json.loads(message)
        except ValueError:
            return False
        return isinstance(document, dict) and _matches(json.loads(policy), document)
    values = {name: _value(attribute) for name, attribute in attributes.items()}
    return _matches(json.loads(policy), values)


def _value(attribute: Mapping[str, Any]) -> Any:
    text = attribute.get("StringValue")
    kind = attribute["DataType"]
    if text is None:
        return None
    return json.loads(text) if kind.startswith(("Number", "String.Array")) else text


def _matches(policy: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    for name, wanted in policy.items():
        if isinstance(wanted, dict):
            inner = document.get(name)
            if not isinstance(inner, dict) or not _matches(wanted, inner):
                return False
        elif not any(_fits(rule, name in document, document.get(name)) for rule in wanted):
            return False
    return True


def _fits(rule: Any, there: bool, value: Any) -> bool:
    if isinstance(rule, dict) and "exists" in rule:
        return bool(rule["exists"] == there)
    if not there:
        return False
    if isinstance(value, list):
        return any(_fits(rule, True, each) for each in value)
    if not isinstance(rule, dict):
        return bool(rule == value)
    if "prefix" in rule:
        return isinstance(value, str) and value.startswith(rule["prefix"])
    if "anything-but" in rule:
        unwanted = rule["anything-but"]
        return value not in (unwanted if isinstance(unwanted, list) else [unwanted])
    raise NotImplementedError(f"a rule {rule} in a scripted filter policy")
