"""The operators of the pattern language, each as a test of one value, with AWS's words where it refuses.

Source: EventBridge user guide, "Comparison operators for use in event patterns"; the reasons as EventBridge and SNS
answer them (aws/event-ruler, `JsonRuleCompiler`).
"""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from workbench.errors import UsageError

Value = tuple[str, Any]
"""A JSON scalar as patterns compare it: its kind, and what is equal when AWS takes two for equal."""
Test = Callable[[Value], bool]

NULL: Value = ("literal", "null")
NUMBER_MAX = Decimal("5e11")
"""Numbers beyond it are compared as they are spelled, and no range holds them."""
_DIGITS = Decimal("1e6")
"""Numbers are equal when they are so to six digits behind the point."""
_IPV4 = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+")
_IPV6 = re.compile(r"[0-9a-fA-F:]*:[0-9a-fA-F:]*")
_BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda value, bound: bool(value == bound),
    "<": lambda value, bound: bool(value < bound),
    "<=": lambda value, bound: bool(value <= bound),
    ">": lambda value, bound: bool(value > bound),
    ">=": lambda value, bound: bool(value >= bound),
}


class PatternError(UsageError):
    """A pattern that AWS would refuse; the message is AWS's reason."""


def value_of(value: Any) -> Value:
    """A JSON scalar as patterns compare it.

    Example:
        >>> value_of(300) == value_of(300.0), value_of("300") == value_of(300)
        (True, False)
    """
    if value is None or isinstance(value, bool):
        return ("literal", {None: "null", True: "true", False: "false"}[value])
    if isinstance(value, str):
        return ("string", value)
    number = (
        value
        if isinstance(value, Decimal)
        else Decimal(str(value))
        if isinstance(value, float)
        else Decimal(value)
    )
    if number.is_finite() and abs(number) <= NUMBER_MAX:
        return ("number", int((number + NUMBER_MAX) * _DIGITS))
    return ("spelled", str(number))


def exact(wanted: Any) -> Test:
    """Equal, in kind too; a string that spells an address is equal to every other spelling of it."""
    if isinstance(wanted, str) and (address := _address(wanted)) is not None:
        return lambda value: value[0] == "string" and _address(value[1]) == address
    same = value_of(wanted)
    return lambda value: value == same


def operator_test(expression: Mapping[str, Any]) -> tuple[str, Test]:
    """The operator of a match expression, and its test.

    Raises:
        PatternError: AWS would refuse it.

    Example:
        >>> operator_test({"prefix": "eu-"})[1](value_of("eu-west-1"))
        True
    """
    if not expression:
        raise PatternError("Match expression name not found")
    operator, wanted = next(iter(expression.items()))
    if operator not in _OPERATORS:
        raise PatternError(f"Unrecognized match type {operator}")
    test = _OPERATORS[operator](wanted)
    if len(expression) > 1:
        many = operator in ("numeric", "anything-but")
        raise PatternError(
            "Too many elements in numeric expression"
            if many
            else "Only one key allowed in match expression"
        )
    return operator, test


def _of_text(test: Callable[[str], bool]) -> Test:
    return lambda value: value[0] == "string" and test(value[1])


def _text(wanted: Any, name: str) -> str:
    if not isinstance(wanted, str):
        raise PatternError(f"{name} match pattern must be a string")
    return wanted


def _exactly(wanted: Any) -> Test:
    text = _text(wanted, "exact")
    return _of_text(lambda value: value == text)


def _ignoring_case(wanted: Any) -> Test:
    text = _text(wanted, "equals-ignore-case").lower()
    return _of_text(lambda value: value.lower() == text)


def _prefix(wanted: Any) -> Test:
    if isinstance(wanted, Mapping):
        start = _inner_ignoring_case(wanted, "Prefix")
        return _of_text(lambda value: value.lower().startswith(start))
    text = _text(wanted, "prefix")
    return _of_text(lambda value: value.startswith(text))


def _suffix(wanted: Any) -> Test:
    if isinstance(wanted, Mapping):
        end = _inner_ignoring_case(wanted, "Suffix")
        return _of_text(lambda value: value.lower().endswith(end))
    text = _text(wanted, "suffix")
    return _of_text(lambda value: value.endswith(text))


def _inner_ignoring_case(wanted: Mapping[str, Any], where: str) -> str:
    if not wanted:
        raise PatternError(f"{where} expression name not found")
    operator, text = next(iter(wanted.items()))
    if operator != "equals-ignore-case":
        raise PatternError(f"Unsupported {where.lower()} pattern: {operator}")
    found = _text(text, "equals-ignore-case").lower()
    if len(wanted) > 1:
        raise PatternError("Only one key allowed in match expression")
    return found


def _wildcard(wanted: Any) -> Test:
    pieces = wildcard_pieces(_text(wanted, "wildcard"))
    return _of_text(lambda value: _fits(value, pieces))


def wildcard_pieces(text: str) -> list[str]:
    r"""The literal pieces between the wildcards; a backslash before `*` or `\` takes its meaning away.

    Raises:
        PatternError: two wildcards in a row, or a backslash before anything else.

    Example:
        >>> wildcard_pieces("dir/*.p*g")
        ['dir/', '.p', 'g']
    """
    pieces, at, place = [""], 0, 1  # AWS counts bytes from the quote on
    while at < len(text):
        character, following = text[at], text[at + 1 : at + 2]
        if character == "*":
            if following == "*":
                raise PatternError(f"Consecutive wildcard characters at pos {place}")
            pieces.append("")
        elif character == "\\":
            if following not in ("*", "\\"):
                raise PatternError(f"Invalid escape character at pos {place}")
            pieces[-1] += following
            at, place = at + 1, place + 1
        else:
            pieces[-1] += character
        at, place = at + 1, place + len(character.encode("utf-8", "surrogatepass"))
    return pieces


def _fits(value: str, pieces: Sequence[str]) -> bool:
    """Leftmost first: no other choice can fit where this one does not."""
    first, *middle, last = pieces if len(pieces) > 1 else (*pieces, "")
    if len(pieces) == 1:
        return value == first
    if len(value) < len(first) + len(last) or not (
        value.startswith(first) and value.endswith(last)
    ):
        return False
    at, end = len(first), len(value) - len(last)
    for piece in middle:
        found = value.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _exists(wanted: Any) -> Test:
    if not isinstance(wanted, bool):
        raise PatternError("exists match pattern must be either true or false.")
    return lambda value: wanted


def _cidr(wanted: Any) -> Test:
    # The reason names another operator: AWS's own slip, kept as it is answered.
    start, _, mask = (found := _text(wanted, "prefix")).partition("/")
    if found.count("/") != 1 or not mask:
        raise PatternError("Malformed CIDR, one '/' required")
    if not re.fullmatch(r"[+-]?[0-9]+", mask):
        raise PatternError("Malformed CIDR, mask bits must be an integer")
    bits = int(mask[:10])
    if bits < 0:
        raise PatternError("Malformed CIDR, mask bits must not be negative")
    lowest = _address(start)
    if lowest is None:
        raise PatternError(f"Nonstandard IP address: {start}")
    if bits >= lowest.max_prefixlen:
        raise PatternError(f"IPv{lowest.version} mask bits must be < {lowest.max_prefixlen}")
    highest = int(lowest) | (1 << (lowest.max_prefixlen - bits)) - 1

    def inside(value: str) -> bool:
        address = _address(value)
        if address is None or address.version != lowest.version:
            return False
        return int(lowest) <= int(address) <= highest

    return _of_text(inside)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if not (_IPV4.fullmatch(text) or _IPV6.fullmatch(text)):
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _numeric(wanted: Any) -> Test:
    if not isinstance(wanted, list):
        raise PatternError("Value of numeric must be an array.")
    members = [*wanted, *(_End,) * 5]
    operator, bound = members[0], members[1]
    if not isinstance(operator, str):
        raise PatternError(f"Invalid member in numeric match: {_spelled(operator)}")
    if operator not in _BOUNDS:
        raise PatternError(f"Unrecognized numeric range operator: {operator}")
    first = _bound("equals" if operator == "=" else operator, bound)
    compare = _BOUNDS[operator]
    if members[2] is _End:
        return lambda value: value[0] == "number" and compare(value[1], first)
    if operator not in (">", ">="):
        raise PatternError("Too many elements in numeric expression")
    upper, top = members[2], members[3]
    if not isinstance(upper, str):
        raise PatternError(f"Bad value in numeric range: {_spelled(upper)}")
    if upper not in ("<", "<="):
        raise PatternError(f"Bad numeric range operator: {upper}")
    second, compare_top = _bound(upper, top), _BOUNDS[upper]
    if members[4] is not _End:
        raise PatternError("Too many terms in numeric range expression")
    if first >= second:
        raise PatternError("Bottom must be less than top")
    return lambda value: (
        value[0] == "number" and compare(value[1], first) and compare_top(value[1], second)
    )


class _End:
    """Behind the last member of a list."""


def _bound(operator: str, number: Any) -> Any:
    if isinstance(number, bool) or not isinstance(number, int | float | Decimal):
        raise PatternError(f"Value of {operator} must be numeric")
    kind, comparable = value_of(number)
    if kind != "number":
        raise PatternError("Value must be between -5.0E11 and 5.0E11, inclusive")
    return comparable


def _spelled(member: Any) -> str:
    """As AWS's parser spells what it stands at."""
    if member is _End:
        return "]"
    if isinstance(member, Mapping | list):
        return "{" if isinstance(member, Mapping) else "["
    return (
        {None: "null", True: "true", False: "false"}[member]
        if member is None or isinstance(member, bool)
        else str(member)
    )


def _anything_but(wanted: Any) -> Test:
    if isinstance(wanted, Mapping):
        return _anything_but_operator(wanted)
    if isinstance(wanted, bool) or not isinstance(wanted, str | int | float | Decimal | list):
        raise PatternError("Value of anything-but must be an array or single string/number value.")
    values = wanted if isinstance(wanted, list) else [wanted]
    if any(
        isinstance(each, bool) or not isinstance(each, str | int | float | Decimal)
        for each in values
    ):
        raise PatternError("Inside anything but list, start|null|boolean is not supported.")
    if len({isinstance(each, str) for each in values}) != 1:
        raise PatternError(
            "Inside anything but list, either all values are number or string, mixed type is not supported"
        )
    unwanted = frozenset(value_of(each) for each in values)
    return lambda value: value not in unwanted


def _anything_but_operator(wanted: Mapping[str, Any]) -> Test:
    if not wanted:
        raise PatternError("Anything-But expression name not found")
    operator, given = next(iter(wanted.items()))
    if operator not in _UNDER_ANYTHING_BUT:
        raise PatternError(f"Unsupported anything-but pattern: {operator}")
    if isinstance(given, Mapping | bool) or given is None:
        raise PatternError("Value of anything-but must be an array or single string/number value.")
    texts = given if isinstance(given, list) else [given]
    if not all(isinstance(each, str) for each in texts):
        raise PatternError(_UNDER_ANYTHING_BUT[operator])
    if operator in ("prefix", "suffix") and "" in texts:
        raise PatternError("Null prefix/suffix not allowed")
    tests = [_OPERATORS[operator](each) for each in texts]
    if len(wanted) > 1:
        raise PatternError("Too many elements in numeric expression")
    return lambda value: not any(test(value) for test in tests)


_UNDER_ANYTHING_BUT: Mapping[str, str] = {
    "equals-ignore-case": "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
    "prefix": "prefix/suffix match pattern must be a string",
    "suffix": "prefix/suffix match pattern must be a string",
    "wildcard": "wildcard match pattern must be a string",
}
"""Operators that can be turned round, each with what is said where its value is no string."""
_OPERATORS: Mapping[str, Callable[[Any], Test]] = {
    "exactly": _exactly,
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _ignoring_case,
    "wildcard": _wildcard,
    "numeric": _numeric,
    "anything-but": _anything_but,
    "exists": _exists,
    "cidr": _cidr,
}
