"""The signature of a failure: what is the same in all failures of one cause."""

import re

_LENGTH = 200
IN_PARTIAL_ANSWER = "in batchItemFailures"
_SPACES = " \u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What DuckDB's `trim` takes for space."""
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`')
_SINGLE_QUOTED = re.compile(r"(^|[^\w])'[^']*'", re.ASCII)
_NUMBERED = re.compile(r"[\w.:/+=@#-]*[0-9#][\w.:/+=@#-]*|\b[a-fA-F]{8,}\b", re.ASCII)


def signature(error_type: str | None, message: str | None) -> str:
    """An error without what differs from one to the next: quoted text, and words with a digit in them.

    Args:
        error_type: as Lambda reports it; None where the handler answered and named the record as failed.
        message: its text, of which the first line counts.

    Returns:
        The same text as `signature(error_type, message)` in SQL.

    Example:
        >>> signature("ValueError", "cannot charge order 17 of 'ann'")
        'ValueError: cannot charge order # of *'
    """
    line = re.split(r"[\r\n]", message or "", maxsplit=1)[0]
    line = _QUOTED.sub("*", line)
    line = _SINGLE_QUOTED.sub(r"\1*", line)
    line = re.sub(r"[ \t\n\f\r]+", " ", _NUMBERED.sub("#", line))[:_LENGTH].strip(_SPACES)
    return ": ".join(part for part in (error_type or "", line) if part) or IN_PARTIAL_ANSWER
