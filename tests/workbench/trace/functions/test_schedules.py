"""Schedules run when EventBridge says they do: the examples of its guide, and laws that hold of every expression."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.trace.functions.schedules import cron_instants, rate_ms

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
"""A Sunday; the month has 30 days and ends on a Monday."""


def days(expression: str, begin: datetime = BEGIN, count: int = 30) -> list[int]:
    found = cron_instants(expression, begin, begin + timedelta(days=count) - timedelta(minutes=1))
    assert found is not None
    return [each.day for each in found]


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("cron(0 10 1 * ? *)", [1]),
        ("cron(0 10 L * ? *)", [30]),
        ("cron(0 10 L-2 * ? *)", [28]),
        ("cron(0 10 LW * ? *)", [30]),
        ("cron(0 10 15W * ? *)", [16]),
        ("cron(0 10 14W * ? *)", [13]),
        ("cron(0 10 1W * ? *)", [2]),
        ("cron(0 10 31W * ? *)", []),
        ("cron(0 10 31 * ? *)", []),
        ("cron(0 10 1,15,L * ? *)", [1, 15, 30]),
        ("cron(0 10 1/10 * ? *)", [1, 11, 21]),
        ("cron(0 10 ? * 3#2 *)", [10]),
        ("cron(0 10 ? * TUE#2 *)", [10]),
        ("cron(0 10 ? * 2#5 *)", [30]),
        ("cron(0 10 ? * 3#5 *)", []),
        ("cron(0 10 ? * 6L *)", [27]),
        ("cron(0 10 ? * FRIL *)", [27]),
        ("cron(0 10 ? * L *)", [7, 14, 21, 28]),
        ("cron(0 10 ? * 1 *)", [1, 8, 15, 22, 29]),
        ("cron(0 10 ? * SAT-SUN *)", [1, 7, 8, 14, 15, 21, 22, 28, 29]),
        ("cron(0 10 ? JAN,FEB MON-FRI *)", []),
        ("cron(0 10 1 * ? 2027)", []),
        ("cron(0 10 1 NOV ? 2026-2027)", [1]),
        ("cron( 0  10 1 nov ? * )", [1]),
    ],
)
def test_days_are_those_that_the_fields_name(expression: str, wanted: list[int]) -> None:
    assert days(expression) == wanted


def test_a_day_that_few_years_have_is_found() -> None:
    found = cron_instants(
        "cron(0 0 29 2 ? *)", datetime(2026, 3, 1, tzinfo=UTC), datetime(2033, 1, 1, tzinfo=UTC)
    )
    assert found == [datetime(2028, 2, 29, tzinfo=UTC), datetime(2032, 2, 29, tzinfo=UTC)]


def test_minutes_and_hours() -> None:
    found = cron_instants("cron(0/20 8-9 ? * * *)", BEGIN, BEGIN + timedelta(days=1))
    assert found == [BEGIN + timedelta(hours=h, minutes=m) for h in (8, 9) for m in (0, 20, 40)]


def test_both_ends_belong_to_it() -> None:
    assert cron_instants("cron(0 0 * * ? *)", BEGIN, BEGIN + timedelta(days=1)) == [
        BEGIN,
        BEGIN + timedelta(days=1),
    ]
    assert cron_instants("cron(0 0 * * ? *)", BEGIN, BEGIN - timedelta(days=1)) == []


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "rate(5 minutes)",
        "cron(0 10 * * *)",
        "cron(0 10 * * * *)",
        "cron(0 10 ? * ? *)",
        "cron(60 10 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 10 0 * ? *)",
        "cron(0 10 1 13 ? *)",
        "cron(0 10 1 * ? 1969)",
        "cron(0 10 ? * 8 *)",
        "cron(0 10 ? * 2#6 *)",
        "cron(0 10 X * ? *)",
        "cron(0/0 10 1 * ? *)",
        "cron(0/ 10 1 * ? *)",
        "cron(1,,2 10 1 * ? *)",
        "cron(" + "0," * 5_000 + "0 x 1 * ? *)",
        "at(2026-11-20T10:00:00)",
    ],
)
def test_what_is_no_cron_is_told_from_one_that_never_runs(expression: str) -> None:
    assert cron_instants(expression, BEGIN, BEGIN + timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("rate(1 minute)", 60_000),
        ("rate(5 minutes)", 300_000),
        ("rate(1 hour)", 3_600_000),
        ("rate(7 days)", 604_800_000),
        ("rate(0 minutes)", None),
        ("rate(5 seconds)", None),
        ("rate(-1 hour)", None),
        ("cron(0 10 * * ? *)", None),
    ],
)
def test_periods(expression: str, wanted: int | None) -> None:
    assert rate_ms(expression) == wanted


FIELDS = st.tuples(
    st.sampled_from(["*", "0", "5/7", "10-20", "50-10", "0,30"]),
    st.sampled_from(["*", "3", "22-2", "*/6"]),
    st.sampled_from(
        ["? *", "1 ?", "L ?", "31 ?", "15W ?", "? MON-FRI", "? 6L", "? 2#1", "? FRI-MON", "* ?"]
    ),
    st.sampled_from(["*", "2", "11-1", "JAN,JUL"]),
)


@given(fields=FIELDS, start=st.integers(0, 600), length=st.integers(0, 60), cut=st.integers(0, 60))
def test_a_stretch_in_two_parts_has_the_same_instants_each_once(
    fields: tuple[str, str, str, str], start: int, length: int, cut: int
) -> None:
    minutes, hours, day, month = fields
    of_month, of_week = day.split(" ")
    expression = f"cron({minutes} {hours} {of_month} {month} {of_week} *)"
    begin = BEGIN + timedelta(days=start, hours=7)
    middle, end = begin + timedelta(days=min(cut, length)), begin + timedelta(days=length)

    whole = cron_instants(expression, begin, end)
    parts = [
        cron_instants(expression, begin, middle - timedelta(minutes=1)),
        cron_instants(expression, middle, end),
    ]

    assert whole is not None
    assert whole == [each for part in parts for each in part or []]
    assert whole == sorted(set(whole))
    assert all(begin <= each <= end and not each.second for each in whole)
