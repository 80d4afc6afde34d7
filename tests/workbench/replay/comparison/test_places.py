"""Places are named so that a name leads back to its place, and a pattern holds what stands below it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import UsageError
from workbench.replay.comparison.places import BUILT_IN, field_of, is_within, parsed, spelled

STEPS = st.one_of(st.none(), st.integers(0, 99), st.text(min_size=1))


@given(st.lists(STEPS, max_size=6))
def test_a_place_as_it_is_spelled_is_a_pattern_that_holds_it_alone(steps):
    place = (None, *steps)
    assert parsed(spelled(place)) == place
    assert is_within(place, [spelled(place)])
    assert is_within((*place, "below"), [spelled(place)])
    assert not is_within(place[:-1], [spelled(place)])


@pytest.mark.parametrize(
    ("pattern", "place", "holds"),
    [
        ("$.at", (None, "at"), True),
        ("$.at", (None, "at", 0, "deep"), True),
        ("$.at", (None, "other"), False),
        ("$.items[*].id", (None, "items", 7, "id"), True),
        ("$.items[0].id", (None, "items", 7, "id"), False),
        ("$.*.id", (None, "a", "id"), True),
        ("$.*.id", (None, "id"), False),
        ("$..id", (None, "id"), True),
        ("$..id", (None, "a", 3, "b", "id"), True),
        ("$['a.b']", (None, "a.b"), True),
        ("$.1", (None, 1), False),
        ("effects.sqs", ("effects", "sqs", "SendMessage", "QueueUrl"), True),
        ("effects.*.SendMessage", ("effects", "sqs", "SendMessage"), True),
        (
            "effects.sqs.SendMessage.MessageBody.$.id",
            ("effects", "sqs", "SendMessage", "MessageBody", None, "id"),
            True,
        ),
        ("error", ("error",), True),
    ],
)
def test_a_pattern_holds_what_it_names(pattern, place, holds):
    assert is_within(place, [pattern]) is holds


@pytest.mark.parametrize("text", ["", "at", "$.", "$[", "$['a", "headers.x", "[0]"])
def test_what_is_no_place_is_refused_in_one_line(text):
    with pytest.raises(UsageError) as refused:
        parsed(text)
    assert repr(text) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_never_counts_is_well_spelled():
    assert all(parsed(each) for each in BUILT_IN)
    assert is_within(
        ("effects", "sqs", "DeleteMessageBatch", "Entries", 0, "ReceiptHandle"), BUILT_IN
    )


def test_a_pattern_of_many_depths_is_not_slow():
    assert not is_within((None, *["a"] * 2_000), ["$" + "..a..*" * 30 + "..b"])


def test_positions_do_not_make_fields():
    assert field_of((None, 0, "a", 12, None, 3)) == "$[*].a[*].$[*]"
