"""An SLO is a sentence; what it cannot mean is said in one."""

from dataclasses import replace

import pytest

from workbench.errors import UsageError
from workbench.tune.search.measures import Measures
from workbench.tune.search.slo import AS_TODAY, Objective, out_of_reach, parse_slo

TODAY = Measures(
    p50_age_ms=100.0,
    p90_age_ms=200.0,
    p95_age_ms=300.0,
    p99_age_ms=1_000.0,
    cost_per_month=10.0,
    dead_letter_share=0.0,
    duplicate_share=0.0,
)


@pytest.mark.parametrize(
    ("text", "objectives"),
    [
        ("p99 age < 30 s", [Objective("p99_age_ms", 30_000)]),
        ("p50 age < 500 ms", [Objective("p50_age_ms", 500)]),
        ("P99 age<=2min", [Objective("p99_age_ms", 120_000)]),
        ("cost < 20 USD per month", [Objective("cost_per_month", 20)]),
        ("dead letters < 0.1 %", [Objective("dead_letter_share", 0.001)]),
        (
            "p99 age < 30 s and cost < 20 USD, duplicates < 1 %",
            [
                Objective("p99_age_ms", 30_000),
                Objective("cost_per_month", 20),
                Objective("duplicate_share", 0.01),
            ],
        ),
    ],
)
def test_a_sentence_is_understood(text: str, objectives: list[Objective]) -> None:
    assert list(parse_slo(text).objectives) == objectives


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "wanted an SLO such as p99 age < 30 s"),
        ("fast", "found 'fast'"),
        ("p99 age > 3 s", "found 'p99 age > 3 s'"),
        ("p99 age < 3", "wanted a number of ms, s, min or h"),
        ("p99 age < 3 %", "wanted a number of ms, s, min or h"),
        ("p77 age < 3 s", "wanted one of p50, p90, p95, p99"),
        ("cost < 0 USD per month", "nothing is less than that"),
        ("cost < 20 s", "wanted a number of USD"),
        ("dead letters < 1", "wanted a number of %"),
        ("p99 age < 3 s and", "wanted an SLO such as"),
    ],
)
def test_what_is_no_such_sentence_is_refused_in_one(text: str, said: str) -> None:
    with pytest.raises(UsageError, match="wanted") as caught:
        parse_slo(text)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_a_word_today_is_the_measure() -> None:
    slo = parse_slo(None)

    assert slo is AS_TODAY
    assert slo.is_met(TODAY, TODAY)
    assert slo.is_met(replace(TODAY, p99_age_ms=1_040.0), TODAY)
    assert not slo.is_met(replace(TODAY, p99_age_ms=1_060.0), TODAY)
    assert not slo.is_met(replace(TODAY, dead_letter_share=0.001), TODAY)


def test_the_first_broken_objective_is_named() -> None:
    slo = parse_slo("p99 age < 500 ms and cost < 5 USD")

    broken = slo.broken(TODAY, TODAY)

    assert broken is not None
    assert broken.measure == "p99_age_ms"
    assert parse_slo("p99 age < 2 s").broken(TODAY, TODAY) is None


def test_what_is_faster_than_the_handler_is_absurd_and_what_can_be_reached_is_said() -> None:
    said = out_of_reach(parse_slo("p99 age < 1 ms"), TODAY, TODAY, floor_ms=200.0)

    assert said == (
        "wanted p99 age under 1 ms, but the handler alone takes 200 ms for one record; 1 s can be reached"
    )


def test_what_is_cheaper_than_every_candidate_is_out_of_reach() -> None:
    said = out_of_reach(parse_slo("cost < 3 USD per month"), TODAY, TODAY, floor_ms=1.0)

    assert (
        said
        == "wanted cost under 3.00 USD a month; the least that a candidate reaches is 10.00 USD a month"
    )
    assert out_of_reach(parse_slo("cost < 30 USD"), TODAY, TODAY, floor_ms=1.0) is None
    assert out_of_reach(AS_TODAY, TODAY, TODAY, floor_ms=1.0) is None
