"""The bucket that made captured answers is found again, through odd answers too."""

import numpy as np
import pytest

from workbench.tune.token_buckets.fit import fit_bucket


def answered(rate: float, burst: float, odd: float = 0.0, count: int = 8_000, seed: int = 1):
    """Bursty requests and what a bucket answers them, a share of the answers turned about."""
    random = np.random.default_rng(seed)
    busy = np.where(np.arange(count) // 400 % 2 == 0, 2.5 * rate, 0.4 * rate)
    at_s = np.cumsum(random.exponential(1 / busy))
    tokens, before, refused = burst, at_s[0], []
    for at, turned in zip(at_s.tolist(), random.random(count) < odd, strict=True):
        tokens = min(burst, tokens + rate * (at - before))
        before = at
        refused.append((tokens < 1) != turned)
        # A request that passed by oddity took what was there.
        tokens = tokens if refused[-1] else max(0.0, tokens - 1)
    return at_s, np.array(refused)


@pytest.mark.parametrize(("rate", "burst"), [(100, 50), (10, 40), (2_000, 5)])
def test_rate_and_burst_are_found_again(rate: float, burst: float) -> None:
    found = fit_bucket(*answered(rate, burst))

    assert found is not None
    assert found.rate_per_second == pytest.approx(rate, rel=0.03)
    assert found.burst == pytest.approx(burst, rel=0.1, abs=1)
    assert found.rate_low <= found.rate_per_second <= found.rate_high
    assert found.burst_low <= found.burst <= found.burst_high
    assert found.mismatched_share < 0.01


def test_odd_answers_widen_it_and_are_counted() -> None:
    found = fit_bucket(*answered(100, 50, odd=0.02))

    assert found is not None
    assert found.rate_per_second == pytest.approx(100, rel=0.03)
    assert found.burst == pytest.approx(50, rel=0.1)
    assert found.mismatched_share == pytest.approx(0.02, abs=4 * np.sqrt(0.02 / 8_000))
    assert found.rate_low <= 100 <= found.rate_high


def test_a_long_stream_is_cut_about_its_first_refused_request() -> None:
    at_s, refused = answered(1_000, 200, odd=0.01, count=60_000)
    found = fit_bucket(at_s, refused)

    assert found is not None
    assert found.requests < len(at_s)
    assert found.rate_per_second == pytest.approx(1_000, rel=0.01)
    assert found.burst == pytest.approx(200, rel=0.02)


@pytest.mark.parametrize("refused", [False, True])
def test_equal_answers_tell_no_bucket(refused: bool) -> None:
    assert fit_bucket(np.arange(10.0), np.full(10, refused)) is None
