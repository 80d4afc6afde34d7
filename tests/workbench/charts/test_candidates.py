"""A trade-off shows what is bought with what, and names what is there and what is recommended."""

import math

import pytest

from tests.workbench.charts.frames import text_of
from tests.workbench.charts.tuned_frames import SEVERAL, candidate, candidates
from workbench.charts import description, pareto, to_svg


def points(svg: str) -> int:
    return svg.count('aria-roledescription="point"')


def test_the_current_and_the_recommended_setting_are_framed_and_named() -> None:
    svg = to_svg(pareto(candidates(*SEVERAL)))

    assert points(svg) == len(SEVERAL) + 2
    assert "current: BatchSize 10, MaximumConcurrency 5" in text_of(svg)
    assert "recommended: BatchSize 100, MaximumConcurrency 20" in text_of(svg)


def test_a_current_setting_that_is_recommended_is_named_once() -> None:
    one = candidate(900, 3.0, is_current=True, is_recommended=True, is_pareto=True)
    chart = pareto(candidates(one, candidate(80, 9.0)))

    assert text_of(to_svg(chart)).count("BatchSize 10") == 1
    assert "current, recommended: BatchSize 10, 900 ms at 3.00 USD a month" in description(chart)


def test_the_line_joins_those_that_nothing_beats() -> None:
    assert to_svg(pareto(candidates(*SEVERAL))).count('aria-roledescription="line mark"') == 1
    assert "7 candidates, 3 of them not beaten" in description(pareto(candidates(*SEVERAL)))


def test_what_loses_more_messages_than_today_has_a_shape_of_its_own() -> None:
    rows = pareto(candidates(*SEVERAL)).to_dict()["datasets"].values()
    verdicts = {row["label"]: row["verdict"] for cells in rows for row in cells}

    assert verdicts["VisibilityTimeout 5 s"] == "more dead letters than today"
    assert verdicts["BatchSize 1"] == "meets the SLO"
    assert verdicts["BatchSize 100, window 5 s"] == "misses the SLO"


def test_without_an_slo_nothing_meets_or_misses_it() -> None:
    rows = pareto(candidates(candidate(5, 1.0, meets_slo=None))).to_dict()["datasets"].values()

    assert [row["verdict"] for cells in rows for row in cells] == ["without an SLO"]


@pytest.mark.parametrize("cost", [None, math.nan, math.inf])
def test_a_candidate_without_a_price_is_counted_and_not_drawn(cost: float | None) -> None:
    chart = pareto(candidates(candidate(5, 1.0), candidate(5, cost)))

    assert "1 without an age or a price not drawn" in text_of(to_svg(chart))
    assert points(to_svg(chart)) == 1


def test_candidates_without_any_price_give_a_sentence() -> None:
    chart = pareto(candidates(candidate(5, None), candidate(6, None)))

    assert description(chart) == "No trade-off: of 2 candidates none has an age and a price."


def test_thousands_of_candidates_are_drawn_as_far_as_they_matter() -> None:
    many = [candidate(100.0 + n, 1.0 + n) for n in range(6_000)]
    chart = pareto(
        candidates(*many, candidate(50, 0.5, is_pareto=True), candidate(9, 9.0, is_current=True))
    )
    svg = text_of(to_svg(chart))

    assert "and 5,002 more, none of them on the line" in svg
    assert "current: BatchSize 10" in svg


def test_a_name_is_drawn_with_every_character_visible() -> None:
    chart = pareto(candidates(candidate(5, 1.0, is_current=True, label="\u202eBatchSize")))

    assert "\u202e" not in to_svg(chart)
    assert "\u202e" not in description(chart)
