"""Condition operators of policies; where the request does not tell a key's value, the answer is that it is not known.

Source: IAM user guide, "IAM JSON policy elements: Condition operators"; "Multivalued context keys".
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address, ip_network

Context = Mapping[str, Sequence[str] | None]
"""Lower-case condition key to its values in the request; None: the request has no such key. Others are not known."""
_VARIABLE = re.compile(r"\$\{[^}*?$]+\}")


def matches(pattern: str, text: str, *, any_case: bool = False) -> bool:
    """Whether text is what a pattern with `*` and `?` says.

    Example:
        >>> matches("sqs:Send*", "SQS:sendMessage", any_case=True), matches("a?c", "ac")
        (True, False)
    """
    return _compiled(pattern, any_case).fullmatch(text) is not None


@cache
def _compiled(pattern: str, any_case: bool) -> re.Pattern[str]:
    # ${*}, ${?} and ${$} are the characters themselves.
    parts = re.split(r"(\$\{[*?$]\}|\*|\?)", pattern)
    spelled = {"*": ".*", "?": "."}
    text = "".join(
        re.escape(part[2]) if part.startswith("${") else spelled.get(part, re.escape(part))
        for part in parts
    )
    return re.compile(text, re.DOTALL | (re.IGNORECASE if any_case else 0))


def arn_matches(pattern: str, arn: str) -> bool:
    """The same for ARNs: of their six parts each is matched by itself, so that no wildcard reaches over a colon before.

    Example:
        >>> arn_matches("arn:aws:sqs:*:111111111111:*", "arn:aws:sqs:eu-west-1:111111111111:orders")
        True
    """
    if pattern == "*":
        return True
    patterns, parts = pattern.split(":", 5), arn.split(":", 5)
    return len(patterns) == len(parts) and all(map(matches, patterns, parts))


def holds(conditions: Mapping[str, Mapping[str, Sequence[str]]], context: Context) -> bool | None:
    """Whether all conditions hold; None where that depends on what the request does not tell.

    Example:
        >>> holds({"StringEquals": {"aws:SourceAccount": ["1"]}}, {"aws:sourceaccount": ["1"]})
        True
        >>> holds({"StringEquals": {"aws:SourceAccount": ["1"]}}, {}) is None
        True
    """
    answers = [
        _holds(operator, key.lower(), values, context)
        for operator, keys in conditions.items()
        for key, values in keys.items()
    ]
    if False in answers:
        return False
    return None if None in answers else True


def unknown_keys(
    conditions: Mapping[str, Mapping[str, Sequence[str]]], context: Context
) -> Iterator[str]:
    """The keys whose values the request does not tell, and operators that are not known here."""
    for operator, keys in conditions.items():
        for key, values in keys.items():
            if _holds(operator, key.lower(), values, context) is None:
                yield key


def _holds(operator: str, key: str, values: Sequence[str], context: Context) -> bool | None:
    quantifier, _, plain = operator.rpartition(":")
    if_exists = plain.endswith("IfExists")
    name = plain.removesuffix("IfExists").lower()
    if key not in context or any(_VARIABLE.search(value) for value in values):
        return None
    found = context[key]
    if name == "null":
        return any((found is None) == (value.lower() == "true") for value in values)
    test, negated = _TESTS.get(name, (None, False))
    if test is None:
        return None
    if found is None:
        return if_exists or negated or quantifier.lower() == "forallvalues"
    try:
        each = [any(test(value, one) for value in values) != negated for one in found]
    except ValueError:
        return False
    return any(each) if quantifier.lower() == "foranyvalue" else all(each)


def _number(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return lambda value, found: compare(float(found), float(value))


def _date(compare: Callable[[datetime, datetime], bool]) -> Callable[[str, str], bool]:
    return lambda value, found: compare(_instant(found), _instant(value))


def _instant(text: str) -> datetime:
    if text.isdecimal():
        return datetime.fromtimestamp(int(text), UTC)
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _ip(value: str, found: str) -> bool:
    return ip_address(found) in ip_network(value, strict=False)


_TESTS: dict[str, tuple[Callable[[str, str], bool] | None, bool]] = {
    "stringequals": (lambda value, found: value == found, False),
    "stringnotequals": (lambda value, found: value == found, True),
    "stringequalsignorecase": (lambda value, found: value.lower() == found.lower(), False),
    "stringnotequalsignorecase": (lambda value, found: value.lower() == found.lower(), True),
    "stringlike": (matches, False),
    "stringnotlike": (matches, True),
    "numericequals": (_number(lambda a, b: a == b), False),
    "numericnotequals": (_number(lambda a, b: a == b), True),
    "numericlessthan": (_number(lambda a, b: a < b), False),
    "numericlessthanequals": (_number(lambda a, b: a <= b), False),
    "numericgreaterthan": (_number(lambda a, b: a > b), False),
    "numericgreaterthanequals": (_number(lambda a, b: a >= b), False),
    "dateequals": (_date(lambda a, b: a == b), False),
    "datenotequals": (_date(lambda a, b: a == b), True),
    "datelessthan": (_date(lambda a, b: a < b), False),
    "datelessthanequals": (_date(lambda a, b: a <= b), False),
    "dategreaterthan": (_date(lambda a, b: a > b), False),
    "dategreaterthanequals": (_date(lambda a, b: a >= b), False),
    "bool": (lambda value, found: value.lower() == found.lower(), False),
    "binaryequals": (lambda value, found: value == found, False),
    "ipaddress": (_ip, False),
    "notipaddress": (_ip, True),
    "arnequals": (arn_matches, False),
    "arnlike": (arn_matches, False),
    "arnnotequals": (arn_matches, True),
    "arnnotlike": (arn_matches, True),
}
