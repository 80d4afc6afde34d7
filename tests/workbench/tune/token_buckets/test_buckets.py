"""Token buckets: laws of one, and of several behind each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import UsageError
from workbench.tune.token_buckets.buckets import Limit, admitted, burst_needed, first_refused

RATES = st.sampled_from([0.5, 1.0, 3.0, 10.0])
BURSTS = st.sampled_from([1, 2, 5, 17])
TIMES = st.lists(st.floats(0, 20), min_size=1, max_size=80).map(sorted)


def passed(at_s, *limits, members=None):
    """Which requests pass, all out of one bucket of each limit unless told."""
    at_s = np.asarray(at_s, dtype=float)
    one = np.zeros(len(at_s), dtype=np.int64)
    return admitted(at_s, limits, members or [one] * len(limits)) < 0


def plain(at_s, rate, burst):
    """One bucket, written out."""
    tokens, before, found = float(burst), at_s[0], []
    for at in at_s:
        tokens = min(burst, tokens + rate * (at - before))
        before = at
        found.append(tokens >= 1 - 1e-9)
        tokens -= found[-1]
    return found


@pytest.mark.parametrize(
    ("rate", "burst", "arrivals"),
    [(1, 1, 10), (1, 2, 10), (10, 5, 40), (100, 50, 101), (3, 7, 8), (10_000, 5_000, 12_000)],
)
def test_the_first_refused_request_of_an_even_stream_is_the_one_of_the_formula(
    rate, burst, arrivals
) -> None:
    expected = int((burst - 1) * arrivals / (arrivals - rate) + 1e-9) + 2
    found = passed(np.arange(expected + 50) / arrivals, Limit("account", rate, burst))

    assert int(np.argmin(found)) + 1 == expected == first_refused(rate, burst, arrivals)


def test_an_even_stream_within_the_rate_is_never_refused() -> None:
    assert first_refused(10, 1, 10) is None
    assert passed(np.arange(1_000) / 10, Limit("account", 10, 1)).all()


@pytest.mark.parametrize(("rate", "arrivals"), [(10, 40), (10, 5), (7, 7.5)])
def test_in_the_long_run_the_lesser_of_rate_and_arrivals_passes(rate, arrivals) -> None:
    at_s = np.cumsum(np.random.default_rng(1).exponential(1 / arrivals, 200_000))
    found = passed(at_s, Limit("account", rate, 100))
    sd = np.sqrt(arrivals / at_s[-1])

    assert found.sum() / at_s[-1] == pytest.approx(min(rate, arrivals), abs=4 * sd + 100 / at_s[-1])


@given(at_s=TIMES, rate=RATES, burst=BURSTS)
@settings(max_examples=50)
def test_any_window_passes_no_more_than_the_burst_and_the_rate_allow(at_s, rate, burst) -> None:
    at = np.array(at_s)[passed(at_s, Limit("account", rate, burst))]
    count = np.arange(len(at))

    for first in range(len(at)):
        window = at[first:] - at[first]
        assert (count[first:] - first + 1 <= burst + rate * window + 1e-6).all()


@given(at_s=TIMES, rate=RATES, burst=BURSTS)
@settings(max_examples=50)
def test_one_bucket_is_the_one_written_out(at_s, rate, burst) -> None:
    assert passed(at_s, Limit("account", rate, burst)).tolist() == plain(at_s, rate, burst)


@given(at_s=TIMES, rate=RATES, burst=BURSTS)
@settings(max_examples=50)
def test_the_burst_needed_refuses_none_and_one_less_refuses_some(at_s, rate, burst) -> None:
    needed = burst_needed(np.array(at_s), rate)

    assert passed(at_s, Limit("account", rate, needed)).all()
    if needed > 1:
        assert not passed(at_s, Limit("account", rate, needed - 1)).all()


def test_requests_meet_the_buckets_in_order_and_a_refused_one_takes_no_token() -> None:
    at_s = np.zeros(6)
    members = [np.array([0, 0, 0, 1, 1, 1]), np.zeros(6, dtype=np.int64)]
    limits = [Limit("method", 1, 1), Limit("account", 1, 5)]

    assert admitted(at_s, limits, members).tolist() == [-1, 0, 0, -1, 0, 0]
    tight = [Limit("method", 1, 3), Limit("account", 1, 4)]
    assert admitted(at_s, tight, members).tolist() == [-1, -1, -1, -1, 1, 1]


@given(at_s=TIMES, rate=RATES, burst=BURSTS)
@settings(max_examples=50)
def test_a_looser_bucket_behind_a_tight_one_changes_nothing(at_s, rate, burst) -> None:
    tight = Limit("method", rate, burst)

    both = passed(at_s, tight, Limit("account", rate * 2, burst * 2))
    assert both.tolist() == passed(at_s, tight).tolist()


@pytest.mark.parametrize(
    "limit", [Limit("account", 0, 5), Limit("account", 5, 0.5), Limit("planet", 1, 1)]
)
def test_a_limit_that_nothing_passes_is_refused(limit) -> None:
    with pytest.raises(UsageError, match="wanted a"):
        passed([0.0], limit)


def test_without_limits_or_requests_nobody_is_refused() -> None:
    assert passed([0.0, 1.0]).all()
    assert len(passed([], Limit("account", 1, 1))) == 0
    assert burst_needed(np.array([]), 1.0) == 1
