"""Groups hold every difference once, whatever the order; noise is what differs of itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.replay.comparison.fields import ABSENT
from workbench.replay.comparison.groups import MOST_VALUES, FieldCount, count_fields, group
from workbench.replay.comparison.invocations import Difference

VALUES = st.sampled_from([0, 1, "order 17", "order 18", None, True, {"a": 1}, ABSENT])
DIFFERENCES = st.lists(
    st.builds(
        Difference,
        st.sampled_from([(None, "a"), (None, "items", 0), (None, "items", 1), ("error",)]),
        st.sampled_from(["changed", "added"]),
        VALUES,
        VALUES,
        st.sampled_from("xyz"),
        st.sampled_from("xyz"),
        st.tuples(st.sampled_from(["m1", "m2"])),
    ),
    max_size=40,
)


def changed(number, a, b, place=(None, "total")):
    return Difference(place, "changed", a, b, f"a{number}", f"b{number}", (f"m{number}",))


@given(DIFFERENCES, st.randoms(use_true_random=False))
def test_grouping_loses_nothing_and_no_order_changes_it(differences, chance):
    found = [each.document() for each in group(differences)]
    assert sum(each["count"] for each in found) == len(differences)
    assert [each["count"] for each in found] == sorted(
        (each["count"] for each in found), reverse=True
    )
    chance.shuffle(differences)
    assert [each.document() for each in group(differences)] == found


def test_few_values_are_told_apart():
    found = group([changed(n, 200, 500 if n < 3 else 404) for n in range(5)])
    assert [(each.value_a, each.value_b, len(each.differences)) for each in found] == [
        ("200", "500", 3),
        ("200", "404", 2),
    ]
    assert found[0].document()["examples"] == ["m0", "m1", "m2"]


def test_many_values_are_grouped_by_what_they_look_like():
    found = group([changed(n, f"order {n} of 'ann'", n) for n in range(MOST_VALUES + 1)])
    assert [(each.value_a, each.value_b) for each in found] == [('"order # of *"', "number")]


def test_positions_in_a_list_are_one_field():
    (found,) = group([changed(n, 1, 2, (None, "items", n)) for n in range(3)])
    assert found.field == "$.items[*]"


@pytest.mark.parametrize(
    ("raw", "noise", "requests", "telling"),
    [
        (10, 0, 100, True),
        (10, 10, 100, False),
        (9, 10, 100, False),
        (12, 8, 100, False),
        (13, 8, 100, True),
        (3, 0, 10_000, False),
        (4, 0, 10_000, True),
        (1, 0, 0, True),
    ],
)
def test_a_field_tells_where_it_differs_more_than_of_itself(raw, noise, requests, telling):
    assert FieldCount("$.x", raw, noise).is_telling(requests) is telling


def test_a_field_is_counted_once_a_request():
    twice = [changed(1, 1, 2, (None, "items", n)) for n in range(5)]
    assert count_fields([*twice, changed(2, 1, 2, (None, "items", 0))], twice) == (
        FieldCount("$.items[*]", 2, 1),
    )
