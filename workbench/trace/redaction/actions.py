"""What is done with a value that a rule or a detector matched."""

import re
from enum import StrEnum

from workbench.trace.redaction.keys import Key

DROPPED, MASK = "[dropped]", "****"
REPLACED = re.compile(r"tok_[a-z0-9_]+_[a-z2-7]{26}|\*{4}[^\W_]{0,4}|\[dropped\]|\(not captured\)")
"""What stands for a value: put there by an earlier pass, or by whoever wrote the payload."""


class Action(StrEnum):
    """One word of a profile."""

    DROP = "drop"
    """Nothing of it stays: null in JSON, `[dropped]` in text."""
    MASK = "mask"
    """`****`; 0 for a number."""
    LAST4 = "last4"
    """All but the last four letters and digits masked; a value shorter than nine as with `mask`."""
    TOKEN = "token"
    """A keyed token: equal values stay equal."""
    KEEP = "keep"
    """As it is, whatever else would match it."""


def as_text(action: Action, kind: str, canonical: str, key: Key) -> str:
    """What stands for a value in text or in a JSON string.

    Example:
        >>> as_text(Action.LAST4, "pan", "4111111111111111", Key(bytes(32)))
        '****1111'
    """
    match action:
        case Action.TOKEN:
            return key.token(kind, canonical)
        case Action.LAST4:
            shown = "".join(each for each in canonical if each.isalnum())
            return MASK + shown[-4:] if len(shown) > 8 else MASK
        case Action.DROP:
            return DROPPED
    return MASK


def as_json(action: Action, kind: str, canonical: str, key: Key) -> str:
    """What stands for a JSON number or literal that a rule matched, as JSON; numbers stay numbers but for `token`.

    Example:
        >>> as_json(Action.LAST4, "number", "4111111111111111", Key(bytes(32)))
        '1111'
    """
    match action:
        case Action.TOKEN:
            return f'"{key.token(kind, canonical)}"'
        case Action.LAST4 if len(canonical) > 8 and canonical[-4:].isdigit():
            return str(int(canonical[-4:]))
        case Action.DROP:
            return "null"
    return "0"
