"""Equal contents that come by themselves, told from contents that were sent again: what chance does is not found."""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import T0, clock
from workbench.trace import Trace, TraceWriter, open_trace

WINDOW_MS = 300_000
CHANCE = 0.05
HOUR_S = 3_600.0
Sends = list[tuple[str, float]]
"""A content and when it was sent, in seconds."""


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trace]:
    folder: Path = tmp_path_factory.mktemp("closeness") / "t.trace"
    TraceWriter(folder, "import", [], clock).close()
    with open_trace(folder) as opened:
        yield opened


def groups(trace: Trace, sends: Sends, span_s: float = HOUR_S) -> dict[str, list[list[float]]]:
    """The groups found in each content, as seconds."""
    found = trace.sql(
        "with sends as (select 's' as source_arn, unnest($content::varchar[]) as content,"
        " unnest($identity::varchar[]) as identity, unnest($at::timestamptz[]) as source_at,"
        " $span_ms::bigint as span_ms) select content, group_number, source_at, by_chance"
        " from close_sends('sends', $window, $chance)"
        " order by content, group_number, source_at",
        content=[content for content, _ in sends],
        identity=[str(place) for place in range(len(sends))],
        at=[T0 + timedelta(seconds=seconds) for _, seconds in sends],
        span_ms=round(span_s * 1_000),
        window=WINDOW_MS,
        chance=CHANCE,
    )
    assert (found["by_chance"] <= CHANCE).all()
    result: dict[str, list[list[float]]] = {}
    for (content, _), rows in found.group_by("content", "group_number", maintain_order=True):
        seconds = [(at - T0).total_seconds() for at in rows["source_at"]]
        result.setdefault(str(content), []).append(seconds)
    return result


def poisson(chance: random.Random, per_second: float, span_s: float = HOUR_S) -> list[float]:
    """Instants that know nothing of one another, to the millisecond."""
    at, instants = 0.0, []
    while (at := at + chance.expovariate(per_second)) < span_s:
        instants.append(round(at, 3))
    return instants


def test_a_content_sent_again_seconds_later_is_found_among_contents_sent_once(trace: Trace) -> None:
    assert groups(trace, [("a", 10), ("a", 12), ("b", 11), ("c", 3_000)]) == {"a": [[10, 12]]}


def test_a_hundred_contents_that_were_all_sent_again_do_not_hide_one_another(trace: Trace) -> None:
    sends = [(f"order-{n}", 30.0 * n + again) for n in range(100) for again in (0, 10)]

    assert len(groups(trace, sends)) == 100


@pytest.mark.parametrize("beat_s", [1, 30, 290])
def test_a_steady_beat_is_no_group_with_or_without_jitter(trace: Trace, beat_s: float) -> None:
    chance = random.Random(1)
    beats = [beat_s * n for n in range(int(HOUR_S / beat_s))]

    assert groups(trace, [("alive", at) for at in beats]) == {}
    assert groups(trace, [("alive", at + chance.uniform(0, beat_s / 10)) for at in beats]) == {}


def test_a_short_even_beat_is_none_and_a_short_uneven_burst_is_one(trace: Trace) -> None:
    assert groups(trace, [("a", 100 + 5 * n) for n in range(6)]) == {}
    assert groups(trace, [("a", 100 + at) for at in (0, 0.2, 0.7, 5)]) == {
        "a": [[100, 100.2, 100.7, 105]]
    }


@pytest.mark.parametrize("span_s", [1.001, 5, 100])
def test_in_a_trace_of_a_moment_a_content_sent_again_is_found(trace: Trace, span_s: float) -> None:
    assert groups(trace, [("a", 0), ("a", 1)], span_s) == {"a": [[0, 1]]}
    assert (
        len(groups(trace, [(f"c{n}", again) for n in range(50) for again in (0, 1)], span_s)) == 50
    )


def test_a_frequent_content_hides_only_itself(trace: Trace) -> None:
    ticks = poisson(random.Random(2), 1 / 20)

    assert groups(trace, [*(("tick", at) for at in ticks), ("order", 50), ("order", 52)]) == {
        "order": [[50, 52]]
    }


def test_a_frequent_content_sent_again_at_once_is_found(trace: Trace) -> None:
    ticks = [60.0 * n + round(random.Random(n).uniform(0, 40), 3) for n in range(60)]
    again = round(ticks[40] + 0.001, 3)

    assert groups(trace, [("tick", at) for at in [*ticks, again]]) == {"tick": [[ticks[40], again]]}


MIXES = [
    # Contents, how often each comes a second, and for how long.
    (1, 1 / 10, HOUR_S),
    (1, 1 / 600, HOUR_S),
    (20, 1 / 60, 300.0),
    (20, 1 / 300, HOUR_S),
    (300, 1 / 60, 120.0),
    (300, 1 / 300, 300.0),
    (300, 1 / 1_200, HOUR_S),
    (2_000, 1 / 7_200, HOUR_S),
    (2_000, 1 / 20_000, 5 * HOUR_S),
]


@pytest.mark.parametrize(("contents", "per_second", "span_s"), MIXES)
def test_the_claims_that_chance_makes_are_as_rare_as_promised(
    trace: Trace, contents: int, per_second: float, span_s: float
) -> None:
    trials, claimed = 25, 0
    for seed in range(trials):
        chance = random.Random(seed)
        sends = [
            (f"c{n}", at) for n in range(contents) for at in poisson(chance, per_second, span_s)
        ]
        claimed += bool(groups(trace, sends, span_s))

    # Promised: in `CHANCE` of the sources. Three standard deviations more, so that only a broken promise fails.
    assert claimed <= trials * CHANCE + 3 * (trials * CHANCE) ** 0.5


def test_a_storm_of_repeated_sends_is_found_among_coincidences(trace: Trace) -> None:
    chance = random.Random(4)
    coincidences = [(f"c{n}", chance.uniform(0, HOUR_S)) for n in range(200) for _ in range(2)]
    storm = [(f"order-{n}", 1_000 + n + again) for n in range(100) for again in (0, 1)]

    found = groups(trace, [*coincidences, *storm])

    assert sum(content.startswith("order") for content in found) == 100
    assert sum(content.startswith("c") for content in found) <= 5


def test_many_coincidences_at_large_lags_leave_no_claim_about_a_small_one(trace: Trace) -> None:
    chance = random.Random(3)
    sends = [(f"c{n}", chance.uniform(0, HOUR_S)) for n in range(5_000) for _ in range(2)]

    assert groups(trace, sends) == {}


def test_a_row_without_an_instant_is_left_out(trace: Trace) -> None:
    found = trace.sql(
        "with sends as (select 's' as source_arn, 'a' as content, identity, null::timestamptz as source_at,"
        " null::bigint as span_ms from (values ('1'), ('2')) as t(identity)) from close_sends('sends', 1000, 0.05)"
    )

    assert found.height == 0


@settings(max_examples=20)
@given(st.permutations(range(12)))
def test_the_order_of_the_rows_makes_no_difference(trace: Trace, order: list[int]) -> None:
    sends = [(f"c{n % 5}", 7.0 * n) for n in range(12)]

    assert groups(trace, [sends[place] for place in order]) == groups(trace, sends)
