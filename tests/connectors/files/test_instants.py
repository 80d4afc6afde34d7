"""Instants in all spellings."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.files.instants import instant_of_ms, instant_of_seconds

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AT = datetime(2018, 12, 17, 22, 10, 50, 987000, tzinfo=UTC)


@pytest.mark.parametrize(
    "said",
    [
        1545084650.987,
        "1545084650.987",
        "2018-12-17T22:10:50.987Z",
        "2018-12-17T22:10:50.987000+00:00",
        "2018-12-17T23:40:50.987+0130",
        "2018-12-17T22:10:50.987000999Z",
        "2018-12-17T22:10:50.987",
    ],
)
def test_seconds_and_iso_8601_say_the_same_instant(said: Any) -> None:
    assert instant_of_seconds(said) == AT


@pytest.mark.parametrize(
    "said", [None, True, "", "{{{time}}}", "NaN", "Infinity", 1e300, 10**40, -(10**40), [], "0001-01-01T00:00:00+10:00"]
)  # fmt: skip
def test_what_is_no_instant_is_unknown(said: Any) -> None:
    assert instant_of_seconds(said) is None
    assert instant_of_ms(said) is None


@given(st.integers(min_value=-(10**12), max_value=4 * 10**12))
def test_no_millisecond_is_lost_through_a_float(ms: int) -> None:
    expected = EPOCH + timedelta(milliseconds=ms)
    assert instant_of_ms(ms) == instant_of_ms(str(ms)) == expected
    assert instant_of_seconds(ms / 1000) == expected
