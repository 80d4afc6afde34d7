"""Fields of a payload, with the value that a Python Lambda handler's `json.loads` would see.

DuckDB's own JSON functions are fast and differ from Python's parser in a few corners: the first of two equal keys,
spellings of numbers and containers, escapes in names. `field(body, path)` in SQL takes the fast way and sends only the
rows where the two could differ through Python.
"""

import json
import re
from typing import Any

import pyarrow as pa

from workbench.errors import UsageError

STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\.\"([^\"]+)\"|\[(\d+)\]")

MACROS = (
    "create macro payload(body) as try(decode(body))",
    r"""create macro quoted_names(path) as list_transform(
        regexp_extract_all(path, '\."[^"]+"|\.[^.\["]+'),
        lambda step: concat('"', regexp_replace(step, '^\."?|"$', '', 'g'), '"'))""",
    # Twice in the text, so maybe twice as a key: the parsers take different ones.
    """create macro may_repeat(content, quoted) as
        strlen(content) - strlen(replace(content, quoted, '')) > strlen(quoted)""",
    # Containers are spelled differently, and so are numbers other than short plain integers.
    r"""create macro may_be_respelled(found) as regexp_matches(found, '^[\[{]')
        or regexp_matches(found, '^-?[0-9][0-9.eE+-]*$') and not regexp_matches(found, '^(0|-?[1-9][0-9]{0,14})$')""",
    # DuckDB takes a comma before the closing bracket, and nan and inf in any case.
    r"""create macro may_be_too_lenient(content) as
        regexp_matches(content, ',\s*[\]}]|[:,\[\s-](?i:nan|inf|infinity)\s*[,\]}]')""",
    r"""create macro parsers_may_differ(body, path) as
        contains(payload(body), '\')
        or may_be_too_lenient(payload(body))
        or list_bool_or(list_transform(quoted_names(path), lambda quoted: may_repeat(payload(body), quoted)))
        or may_be_respelled(payload(body)->>path)""",
    # Two thousand rows are looked at at once, and each check holds their text once more: large ones go to Python.
    """create macro field(body, path) as case
        when octet_length(body) > 65536 then python_field(body, path)
        when payload(body) is null or not coalesce(json_valid(payload(body)), false)
            or coalesce(parsers_may_differ(body, path), false) then python_field(body, path)
        else payload(body)->>path end""",
    # What compaction found out about the payload spares the checks; a path that DuckDB could read otherwise does not.
    r"""create macro field_of(body, reading, path) as case
        when reading = 'no_json' then null
        when reading = 'plain' and not regexp_matches(path, '[\\*]') then payload(body)->>path
        when reading = 'scalars' and not regexp_matches(path, '[\\*]')
            and not coalesce(regexp_matches(payload(body)->>path, '^[\[{]'), false) then payload(body)->>path
        else field(body, path) end""",
    # Behind a topic a message is the publisher's, in an envelope.
    """create macro is_notification(service, body) as
        service = 'aws:sqs' and contains(payload(body), '"TopicArn"')
        and field(body, '$.Type') is not distinct from 'Notification'""",
    """create macro published(service, body) as
        case when is_notification(service, body) then encode(field(body, '$.Message')) else body end""",
    # Below 2^62, so that neither a successor nor a difference of two overflows.
    r"""create macro whole_number(told) as case when regexp_full_match(told, '-?[0-9]{1,19}(\.0+)?')
        and try_cast(told as bigint) between -4611686018427387903 and 4611686018427387903
        then try_cast(told as bigint) end""",
    # Whole digits are seconds, milliseconds, microseconds or nanoseconds since 1970 by their number.
    r"""create macro instant_in(told) as case
        when regexp_full_match(told, '[0-9]{10}(\.[0-9]+)?') then try(to_timestamp(told::double))
        when regexp_full_match(told, '[0-9]{13}(\.[0-9]+)?') then try(make_timestamptz((told::double * 1000)::bigint))
        when regexp_full_match(told, '[0-9]{16}') then make_timestamptz(told::bigint)
        when regexp_full_match(told, '[0-9]{19}') then try(make_timestamptz((told::hugeint // 1000)::bigint))
        when regexp_matches(told, '^[0-9]{4}-') then try_cast(told as timestamptz) end""",
    # What differs between two failures of one cause goes: quoted text, each word with a digit or of hex digits in it.
    r"""create macro signature(error_type, message) as nullif(concat_ws(': ', nullif(error_type, ''), nullif(trim(left(
        regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_extract(message, '^[^\r\n]*'),
            '"(?:[^"\\]|\\.)*"|`[^`]*`', '*', 'g'),
            '(^|[^\w])''[^'']*''', '\1*', 'g'),
            '[\w.:/+=@#-]*[0-9#][\w.:/+=@#-]*|\b(?i:[a-f]){8,}\b', '#', 'g'),
            '\s+', ' ', 'g'), 200)), '')), '')""",
)
"""Statements that define `payload(body)` (text or null), `field(body, path)` (text or null), `field_of(body, reading,
path)` (the same where compaction noted how the payload can be read), `published(service, body)` (a message without the
topic's envelope), `whole_number(text)`, `instant_in(text)` (an instant as payloads tell it: ISO 8601, UTC where it
names no offset, or a number since 1970; else null) and `signature(error_type, message)` (what all failures of one cause
say alike; null where they say nothing)."""


def parse_path(path: str) -> tuple[str | int, ...]:
    """The steps of a JSONPath like `$.order.items[0].id` or `$."odd name"`.

    Raises:
        UsageError: not of that form; wildcards and filters name no single value.

    Example:
        >>> parse_path("$.order.items[0].id")
        ('order', 'items', 0, 'id')
    """
    rest, steps, at = path[1:], [], 0
    if not path.startswith("$") or not rest:
        raise UsageError(f"wanted a JSONPath such as $.order.id, found {path!r}")
    while at < len(rest):
        found = STEP.match(rest, at)
        if found is None:
            raise UsageError(
                f"wanted a JSONPath such as $.order.items[0].id, found {path!r} (stuck at {rest[at:]!r})"
            )
        name, quoted, index = found.groups()
        steps.append(int(index) if index is not None else name or quoted)
        at = found.end()
    return tuple(steps)


def field_value(body: bytes, path: str) -> str | None:
    """The value at `path` as text: strings as they are, everything else as compact JSON; None where there is none.

    Example:
        >>> field_value(b'{"v": 1, "v": 2}', "$.v")
        '2'
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    for step in parse_path(path):
        match value, step:
            case dict(), str():
                value = value.get(step)
            case list(), int() if step < len(value):
                value = value[step]
            case _:
                return None
    return _as_text(value)


def _as_text(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode("utf-8")


def python_field(bodies: pa.ChunkedArray, paths: pa.ChunkedArray) -> pa.Array:
    """`field_value` over columns: what DuckDB calls for the rows it must not decide itself."""
    pairs = zip(bodies, paths, strict=True)  # one at a time: all of them may be half a gigabyte
    told = ((body.as_py(), path.as_py()) for body, path in pairs)
    return pa.array(
        [None if body is None else field_value(body, path) for body, path in told], pa.string()
    )
