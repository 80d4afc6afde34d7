"""Names places in an event, as JSONPath does, with AWS's member names."""

import re
from collections.abc import Iterator
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def at(holder: str, member: str | int) -> str:
    """The path of a member.

    Example:
        >>> at(at("$.Records", 0), "body"), at("$.responseElements", "x-amz-id-2")
        ('$.Records[0].body', "$.responseElements['x-amz-id-2']")
    """
    if isinstance(member, int):
        return f"{holder}[{member}]"
    if _PLAIN.fullmatch(member):
        return f"{holder}.{member}" if holder else member
    escaped = member.replace("\\", "\\\\").replace("'", "\\'")
    return f"{holder}['{escaped}']"


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every value that holds no other: texts, numbers, and objects and lists that are empty.

    Example:
        >>> list(leaves({"a": [1, {}]}, "$"))
        [('$.a[0]', 1), ('$.a[1]', {})]
    """
    if isinstance(value, dict) and value:
        for name, each in value.items():
            yield from leaves(each, at(path, name))
    elif isinstance(value, list) and value:
        for number, each in enumerate(value):
            yield from leaves(each, at(path, number))
    else:
        yield path, value
