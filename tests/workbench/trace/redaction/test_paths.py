"""JSONPath rules name exactly the places that they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import UsageError
from workbench.trace.redaction.actions import Action
from workbench.trace.redaction.paths import Paths, parse_steps


def named(rule: str, *path: str | int) -> bool:
    return Paths({rule: Action.MASK}).action(path) is Action.MASK


def test_a_plain_path_names_one_place() -> None:
    assert named("$.customer.email", "customer", "email")
    assert not named("$.customer.email", "email")
    assert not named("$.customer.email", "customer", "email", "domain")
    assert not named("$.customer.email", "a", "customer", "email")


def test_two_dots_name_every_depth() -> None:
    for path in (("password",), ("a", "password"), ("a", 0, "b", "password")):
        assert named("$..password", *path)
    assert named("$.a..c", "a", "b", "c")
    assert not named("$.a..c", "b", "c")


def test_stars_and_numbers_name_elements() -> None:
    assert named("$.items[*].card", "items", 7, "card")
    assert named("$.items[1].card", "items", 1, "card")
    assert not named("$.items[1].card", "items", 2, "card")
    assert named("$.*.card", "any", "card")
    assert named("$..*", "any", "thing")


def test_odd_names_stand_in_quotes() -> None:
    assert named("$['odd name'].x", "odd name", "x")
    assert named('$["a.b"]', "a.b")


def test_a_table_s_item_is_named_by_its_own_attributes() -> None:
    assert named("$.email", "NewImage", "email")
    assert named("$.customer.email", "OldImage", "customer", "M", "email")
    assert named("$.items[0].card", "NewImage", "items", "L", 0, "M", "card")
    assert not named("$.email", "NewImage", "email", "S")


def test_the_last_rule_that_names_a_place_counts() -> None:
    paths = Paths({"$..email": Action.TOKEN, "$.shop.email": Action.KEEP})

    assert paths.action(("shop", "email")) is Action.KEEP
    assert paths.action(("customer", "email")) is Action.TOKEN


def test_the_names_that_rules_end_in_are_told() -> None:
    paths = Paths({"$.a.email": Action.TOKEN, "$.b[*]": Action.DROP, "$.c.*": Action.DROP})

    assert paths.last_names == {"email": Action.TOKEN}


@pytest.mark.parametrize(
    "path",
    ["", "$", "a.b", "$.", "$..", "$.a[", "$.a[x]", "$.a b", "$.a]", "$['a]", "$a", "$.a[?(@.b)]"],
)
def test_what_is_no_path_is_refused_in_one_line(path: str) -> None:
    with pytest.raises(UsageError, match=r"wanted a JSONPath such as"):
        parse_steps(path)


@given(st.lists(st.sampled_from(["a", "b", 0, 1]), min_size=1, max_size=6))
def test_a_path_written_out_names_its_place(path: list[str | int]) -> None:
    rule = "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)

    assert named(rule, *path)
    assert named(f"$..{path[-1]}" if isinstance(path[-1], str) else f"$..[{path[-1]}]", *path)
