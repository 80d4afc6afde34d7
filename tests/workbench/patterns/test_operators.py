"""The operators, each asked of single values."""

import fnmatch
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.patterns.operators import exact, operator_test, value_of, wildcard_pieces


def asked(operator: str, wanted: Any, value: Any) -> bool:
    return operator_test({operator: wanted})[1](value_of(value))


@pytest.mark.parametrize(
    ("operator", "wanted", "fits", "misses"),
    [
        ("prefix", "eu-", ["eu-west-1", "eu-"], ["EU-west-1", "xeu-", 1, None]),
        ("prefix", {"equals-ignore-case": "EU-"}, ["eu-west-1"], ["us-east-1"]),
        ("suffix", ".png", ["a.png"], ["a.PNG", ".pngx"]),
        ("suffix", {"equals-ignore-case": ".png"}, ["a.PNG"], ["a.jpg"]),
        ("equals-ignore-case", "Paid", ["PAID", "paid"], ["paid ", None]),
        ("numeric", ["=", 301.5], [301.5, 3.015e2], ["301.5", None, True, 301.4]),
        ("numeric", [">", 0, "<=", 5], [5, 0.000001], [0, 5.000001, 6]),
        ("numeric", ["<", 0], [-1, -5e11], [0, -6e11]),
        ("anything-but", [1, 2], [3, "1", None, True], [1, 2.0]),
        ("anything-but", "x", ["y", 1], ["x"]),
        ("anything-but", {"prefix": ["a", "b"]}, ["c", 1], ["ax", "b"]),
        ("anything-but", {"wildcard": "*/lib/*"}, ["a/b"], ["a/lib/b"]),
        ("anything-but", {"equals-ignore-case": "x"}, ["y"], ["X"]),
        (
            "cidr",
            "10.0.0.0/24",
            ["10.0.0.0", "10.0.0.255"],
            ["10.0.1.0", "10.0.0.256", 10, "x", "::1"],
        ),
        ("cidr", "10.0.0.7/24", ["10.0.0.7", "10.0.0.255"], ["10.0.0.6"]),
        ("cidr", "2001:db8::/32", ["2001:DB8:0:0::1"], ["2001:db9::1", "10.0.0.1"]),
        ("wildcard", "dir/*/f*.png", ["dir/a/f.png", "dir//fx.png"], ["dir/f.png", "xdir/a/f.png"]),
        ("wildcard", r"a\*b*", ["a*b", "a*bc"], ["axb"]),
        ("wildcard", "", [""], ["x"]),
        ("wildcard", "a*a", ["aa", "aba"], ["a"]),
        ("exactly", "x", ["x"], ["X", 1]),
    ],
)
def test_an_operator_fits_what_it_says(
    operator: str, wanted: Any, fits: list[Any], misses: list[Any]
) -> None:
    assert [value for value in fits if not asked(operator, wanted, value)] == []
    assert [value for value in misses if asked(operator, wanted, value)] == []


@given(
    st.text("ab*", max_size=12).filter(lambda text: "**" not in text), st.text("ab", max_size=20)
)
def test_wildcards_fit_as_a_shells_do(pattern: str, value: str) -> None:
    assert asked("wildcard", pattern, value) == fnmatch.fnmatchcase(value, pattern)


def test_many_wildcards_cost_no_more_than_the_text_is_long() -> None:
    assert not asked("wildcard", "*".join("ab" * 40), "ab" * 20_000 + "c")
    assert len(wildcard_pieces("*".join("ab" * 40))) == 80


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (300, 300.0, True),
        (0.1 + 0.2, 0.3, True),
        (1, True, False),
        (0, False, False),
        ("1", 1, False),
        (10**20, 10**20, True),
        (10**20, 10**20 + 1, False),
        (None, "null", False),
    ],
)
def test_two_values_are_equal_where_aws_takes_them_for_equal(
    one: Any, other: Any, same: bool
) -> None:
    assert (value_of(one) == value_of(other)) is same


def test_a_number_of_any_length_is_a_value() -> None:
    assert value_of(10**5_000) == value_of(10**5_000) != value_of(1)


def test_an_address_is_equal_to_its_other_spellings() -> None:
    assert exact("::1")(value_of("0:0:0:0:0:0:0:1"))
    assert not exact("::1")(value_of("::2"))
    assert exact("a:b")(value_of("a:b"))
