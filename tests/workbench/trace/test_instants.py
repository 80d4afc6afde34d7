"""Instants as text, and text as instants."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import UsageError
from workbench.trace.instants import instant_text, parse_age, parse_instant, parse_since

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
INSTANTS = st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5)), timezone(timedelta(hours=14))]),
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001
)


@given(INSTANTS)
def test_an_instant_survives_being_written(instant: datetime) -> None:
    assert parse_instant(instant_text(instant)) == instant


@given(INSTANTS, INSTANTS)
def test_the_order_of_texts_is_the_order_of_time(one: datetime, other: datetime) -> None:
    assert (instant_text(one) < instant_text(other)) == (one < other)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T10:00:00Z",
        "2026-11-20T11:00+01:00",
        "2026-11-20 10:00",
        "20261120T100000Z",
        " 2026-11-20T10Z ",
    ],
)
def test_an_instant_is_read_in_any_iso_spelling(text: str) -> None:
    assert parse_instant(text) == NOW
    assert parse_instant(text).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("15m", 900), ("2h", 7_200), ("1d", 86_400), ("1.5h", 5_400), (" 2 h ", 7_200)],
)
def test_an_age_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_age(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "2", "h", "2w", "-2h", "2h30m", "two hours"])
def test_what_is_no_age_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="such as 30s, 15m, 2h or 1d"):
        parse_age(text)


def test_since_is_an_instant_or_an_age() -> None:
    assert parse_since("2h", NOW) == NOW - timedelta(hours=2)
    assert parse_since("2026-11-20T09:00Z", NOW) == NOW - timedelta(hours=1)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", ""])
def test_what_is_neither_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="wanted an instant such as"):
        parse_since(text, NOW)
