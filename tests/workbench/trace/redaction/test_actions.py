"""What stands for a value, by action."""

import pytest

from workbench.trace.redaction.actions import Action, as_json, as_text
from workbench.trace.redaction.keys import Key

KEY = Key(bytes(32))


@pytest.mark.parametrize(
    ("action", "stands"),
    [
        (Action.DROP, "[dropped]"),
        (Action.MASK, "****"),
        (Action.LAST4, "****1111"),
        (Action.TOKEN, KEY.token("pan", "4111111111111111")),
    ],
)
def test_a_text_is_replaced(action: Action, stands: str) -> None:
    assert as_text(action, "pan", "4111111111111111", KEY) == stands


@pytest.mark.parametrize("short", ["1", "1234", "12345678", "a-b-c-d-"])
def test_the_last_four_of_a_short_value_would_be_most_of_it(short: str) -> None:
    assert as_text(Action.LAST4, "value", short, KEY) == "****"


@pytest.mark.parametrize(
    ("action", "stands"),
    [
        (Action.DROP, "null"),
        (Action.MASK, "0"),
        (Action.LAST4, "4321"),
        (Action.TOKEN, f'"{KEY.token("value", "987654321987654321")}"'),
    ],
)
def test_a_number_stays_a_number_unless_a_token_is_asked_for(action: Action, stands: str) -> None:
    assert as_json(action, "value", "987654321987654321", KEY) == stands


def test_the_last_four_of_a_number_begin_with_no_zero() -> None:
    assert as_json(Action.LAST4, "value", "123456780012", KEY) == "12"
