"""Event patterns, as a bus and as an event source mapping use them: what passes, and would AWS take the pattern?"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from workbench.patterns.language import Rule, compile_rule, parsed
from workbench.patterns.operators import PatternError, wildcard_pieces

Dialect = Literal["bus", "mapping"]

MAPPING_BYTES_MAX = 4_096
"""Source: Lambda API reference, Filter."""
BUS_BYTES_MAX = 4_096
"""Source: EventBridge API reference, PutRule."""
WILDCARDS_MAX = 5
"""Assumed: AWS bounds the work that wildcards may cause and does not publish the bound; recorded are six refused and
three taken."""
_MAPPING_OPERATORS = frozenset(
    ("prefix", "suffix", "equals-ignore-case", "numeric", "anything-but", "exists")
)
"""Source: Lambda developer guide, "Filter rule syntax"; EventBridge user guide, column "Pipe support"."""
_DATA = {"aws:sqs": "body", "aws:kinesis": "data", "aws:dynamodb": "dynamodb"}
"""Where a filter finds the payload. Source: Lambda developer guide, "Using filters with different services"."""
_KNOWN = {
    "aws:sqs": frozenset(("body",)),
    "aws:kinesis": frozenset(("data",)),
    "aws:dynamodb": frozenset(("dynamodb", "eventName", "eventID", "eventVersion")),
}
"""Members that filters are said to look at."""
_AGGREGATE = b"\xf3\x89\x9a\xc2"
"""How an aggregate of the Kinesis Producer Library begins."""


def matches(pattern: str | Mapping[str, Any], event: str | bytes | Mapping[str, Any]) -> bool:
    """Whether an event passes an EventBridge event pattern.

    Args:
        pattern: as JSON text or as what that parses to.
        event: the whole event, likewise.

    Raises:
        PatternError: AWS would refuse the pattern, or the event is no JSON object.

    Example:
        >>> matches('{"detail": {"price": [{"numeric": [">", 100]}]}}', {"detail": {"price": 300}})
        True

    Source: EventBridge TestEventPattern; user guide, "Creating Amazon EventBridge event patterns".
    """
    document = parsed(event) if isinstance(event, str | bytes) else event
    if not isinstance(document, Mapping):
        raise PatternError("Parameter Event is not valid.")
    return compile_rule(pattern).passes(document)


def check_pattern(
    pattern: str | Mapping[str, Any], *, dialect: Dialect = "bus", service: str | None = None
) -> list[str]:
    """Why AWS would refuse an event pattern.

    Args:
        pattern: as JSON text or as what that parses to.
        dialect: of a rule on a `bus`, or of the filter of an event source `mapping`.
        service: the source of the mapping, such as `aws:kinesis`, where it matters.

    Returns:
        AWS's words, with its reason behind them where it gives none itself; empty where it would be taken.

    Example:
        >>> check_pattern({"detail": {"state": "running"}})
        ['Event pattern is not valid. Reason: "state" must be an object or an array']

    Source: EventBridge PutRule, Lambda CreateEventSourceMapping.
    """
    return [
        f"Event pattern is not valid. Reason: {reason}"
        if dialect == "bus"
        else f"Invalid filter pattern definition. ({reason})"
        for reason in _reasons(pattern, dialect, service)
    ]


def mapping_admits(
    criteria: str,
    service: str,
    body: bytes,
    envelope: str = "{}",
) -> bool | None:
    r"""Whether the filters of an event source mapping let a record through to its function.

    Args:
        criteria: the mapping's FilterCriteria as JSON.
        service: `aws:sqs`, `aws:kinesis` or `aws:dynamodb`.
        body: the record's payload, as in `records`.
        envelope: of a change of a table, as in `records`.

    Returns:
        True: handed over; False: discarded. None: nothing is documented (a payload that is a bare JSON number or
        string, an aggregate of the Kinesis Producer Library, a member that filters are said not to look at), or the
        criteria cannot be read.

    Example:
        >>> criteria = '{"Filters": [{"Pattern": "{\\"body\\": {\\"state\\": [\\"paid\\"]}}"}]}'
        >>> [mapping_admits(criteria, "aws:sqs", body) for body in (b'{"state": "paid"}', b"paid")]
        [True, False]

    Source: Lambda developer guide, "Control which events Lambda sends to your function"; "Properly filtering" records.
    """
    if service not in _DATA:
        return None
    try:
        rules = _filters(criteria)
        record, is_json = _record(service, body, envelope)
    except (PatternError, RecursionError):
        return None
    if not rules:
        return True
    found = [_admits(service, pattern, rule, record, is_json) for pattern, rule in rules]
    return True if True in found else None if None in found else False


def _admits(
    service: str,
    pattern: Mapping[str, Any],
    rule: Rule,
    record: Mapping[str, Any],
    is_json: bool | None,
) -> bool | None:
    """One filter; the data part is looked at only where record and filter have it in the same format."""
    steps = {path.split(".")[0] for path in rule.paths()}
    if steps - _KNOWN[service]:
        return None
    data = _DATA[service]
    if data in steps:
        if is_json is None:
            return None
        wants_json = not isinstance(pattern.get(data), list)
        if wants_json != is_json:
            return False
    try:
        return rule.passes(record)
    except RecursionError:
        return None


def _record(service: str, body: bytes, envelope: str) -> tuple[dict[str, Any], bool | None]:
    """A record as filters see it, and whether its data is JSON; None: nothing is documented of such data."""
    try:
        data = parsed(body)
        is_json = True if isinstance(data, dict | list) else None
    except PatternError:
        data, is_json = body.decode("utf-8", "replace"), False
    if service == "aws:dynamodb":
        told = parsed(envelope)
        whole = told if isinstance(told, dict) else {}
        change = whole.get("dynamodb")
        images = data if isinstance(data, dict) else {}
        return whole | {"dynamodb": (change if isinstance(change, dict) else {}) | images}, is_json
    if service == "aws:kinesis":
        return {"data": data}, None if body.startswith(_AGGREGATE) else is_json
    return {"body": data}, is_json


@lru_cache(maxsize=256)
def _filters(criteria: str) -> tuple[tuple[Mapping[str, Any], Rule], ...]:
    document = parsed(criteria)
    filters = document.get("Filters") if isinstance(document, dict) else document
    if not isinstance(filters, list | None) or not isinstance(document, dict):
        raise PatternError("wanted a list of Filters")
    compiled = []
    for each in filters or ():
        text = each.get("Pattern") if isinstance(each, dict) else None
        if not isinstance(text, str):
            raise PatternError("a filter without Pattern")
        pattern = parsed(text)
        compiled.append((pattern, compile_rule(pattern)))
    return tuple(compiled)


def _reasons(pattern: Any, dialect: Dialect, service: str | None) -> Iterator[str]:
    text = pattern if isinstance(pattern, str) else json.dumps(pattern, separators=(",", ":"))
    most = BUS_BYTES_MAX if dialect == "bus" else MAPPING_BYTES_MAX
    if len(text) > most:
        yield f"longer than {most:,} characters"
    try:
        document = parsed(text)
        compile_rule(document)
    except PatternError as error:
        yield str(error)
        return
    for expression in _expressions(document):
        yield from _objections(expression, dialect)
    data = _DATA.get(service or "")
    if (
        dialect == "mapping"
        and service != "aws:sqs"
        and data
        and isinstance(document.get(data), list)
    ):
        yield f"{data} must be an object: its records hold JSON"


def _objections(expression: Mapping[str, Any], dialect: Dialect) -> Iterator[str]:
    operator, wanted = next(iter(expression.items()))
    inner = next(iter(wanted)) if operator == "anything-but" and isinstance(wanted, dict) else None
    if dialect == "mapping":
        if operator not in _MAPPING_OPERATORS:
            yield f"{operator} is no operator of event source mappings"
        if inner:
            yield f"anything-but takes no {inner} in event source mappings"
    held = wanted[inner] if inner else wanted
    if "wildcard" in (operator, inner):
        texts: Sequence[str] = held if isinstance(held, list) else [held]
        if any(len(wildcard_pieces(each)) > WILDCARDS_MAX + 1 for each in texts):
            yield (
                "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences "
                "after a wildcard character"
            )


def _expressions(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The match expressions of a pattern that compiles."""
    for name, wanted in document.items():
        if isinstance(wanted, dict):
            yield from _expressions(wanted)
        else:
            for each in wanted:
                if isinstance(each, dict):
                    yield from _expressions(each) if name == "$or" else (each,)
