"""Images are the same item whatever their spelling, and changes make one chain exactly where a walk takes each once."""

import itertools
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.trace.functions.images import UNREADABLE, canonical_image, makes_one_chain

texts = st.text(max_size=4)
digits = st.integers(-(10**38) + 1, 10**38 - 1)
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.builds(lambda told: {"S": told}, texts),
        st.builds(lambda told: {"N": str(told)}, digits),
        st.builds(lambda told: {"BOOL": told}, st.booleans()),
        st.just({"NULL": True}),
        st.just({"B": "AAE="}),
        st.builds(lambda told: {"SS": sorted(told)}, st.sets(texts, min_size=1, max_size=3)),
        st.builds(
            lambda told: {"NS": [str(n) for n in told]},
            st.lists(digits, min_size=1, max_size=3, unique=True),
        ),
    ),
    lambda inner: st.one_of(
        st.builds(lambda told: {"L": told}, st.lists(inner, max_size=3)),
        st.builds(lambda told: {"M": told}, st.dictionaries(texts, inner, max_size=3)),
    ),
    max_leaves=6,
)
items = st.dictionaries(texts, values, max_size=4)


def respelled(value: Any, chance: random.Random) -> Any:
    """The same attribute value in another spelling."""
    [(kind, told)] = value.items()
    match kind:
        case "N":
            return {"N": chance.choice([told, f"{told}.0", f"{told}0E-1", f"{told}e0"])}
        case "SS" | "NS":
            return {kind: chance.sample(told, len(told))}
        case "L":
            return {"L": [respelled(each, chance) for each in told]}
        case "M":
            return {"M": shuffled(told, chance)}
    return value


def shuffled(item: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    names = chance.sample(list(item), len(item))
    return {name: respelled(item[name], chance) for name in names}


@given(items, st.randoms(use_true_random=False))
def test_every_spelling_of_an_item_has_one_canonical_image(
    item: dict[str, Any], chance: random.Random
) -> None:
    assert canonical_image(json.dumps(shuffled(item, chance), indent=1)) == canonical_image(
        json.dumps(item)
    )


@given(items, items)
def test_another_item_has_another_canonical_image(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert (canonical_image(json.dumps(one)) == canonical_image(json.dumps(other))) == (
        without_order(one) == without_order(other)
    )


def without_order(value: Any) -> Any:
    """The item as Python compares it: sets as sets, numbers as numbers, truths as no numbers."""
    if isinstance(value, dict) and len(value) == 1 and (told := value.get("NS")) is not None:
        return {"NS": frozenset(map(int, told))} if isinstance(told, list) else value
    if isinstance(value, dict):
        return {name: without_order(each) for name, each in value.items()}
    return [without_order(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1", "1.0", True),
        ("1", "1E0", True),
        ("100", "1e2", True),
        ("0", "-0.00", True),
        ("0.000001", "1E-6", True),
        ("1", "-1", False),
        ("1", "10", False),
        ("12345678901234567890123456789012345678", "12345678901234567890123456789012345679", False),
        ("1E125", "1E-125", False),
    ],
)
def test_numbers_are_compared_by_value_to_the_last_digit(one: str, other: str, same: bool) -> None:
    images = [canonical_image(json.dumps({"n": {"N": each}})) for each in (one, other)]

    assert (images[0] == images[1]) is same


def test_a_list_keeps_its_order_and_a_number_is_no_string() -> None:
    assert canonical_image('{"l":{"L":[{"N":"1"},{"N":"2"}]}}') != canonical_image(
        '{"l":{"L":[{"N":"2"},{"N":"1"}]}}'
    )
    assert canonical_image('{"v":{"N":"1"}}') != canonical_image('{"v":{"S":"1"}}')


@pytest.mark.parametrize(
    "hostile",
    [
        "no image",
        "[]",
        '"x"',
        '{"n":1}',
        '{"n":{"N":"seven"}}',
        '{"n":{"N":"NaN"}}',
        '{"n":{"N":1}}',
        '{"n":{"N":"1E99999999999999999999"}}',
        '{"b":{"B":"%%"}}',
        '{"s":{"SS":"ab"}}',
        '{"m":{"M":[]}}',
        '{"l":{"L":{}}}',
        '{"a":{"S":"x","N":"1"}}',
        '{"a":{"L":' + "[" * 100_000 + "]" * 100_000 + "}}",
    ],
)
def test_what_is_no_image_has_no_canonical_form(hostile: str) -> None:
    assert canonical_image(hostile) == UNREADABLE


def test_a_lone_surrogate_and_an_unknown_type_are_read_as_they_are() -> None:
    assert canonical_image('{"a":{"S":"\\ud800"},"b":{"NEW":[1]}}') != UNREADABLE


states = st.sampled_from([None, "a", "b", "c"])


@given(st.lists(st.tuples(states, states), min_size=1, max_size=6))
def test_changes_make_one_chain_where_some_order_of_them_does(
    changes: list[tuple[str | None, str | None]],
) -> None:
    some_order_does = any(
        all(before[1] == behind[0] for before, behind in itertools.pairwise(order))
        for order in itertools.permutations(changes)
    )

    assert makes_one_chain(*map(list, zip(*changes, strict=True))) == some_order_does
