"""Advice as charts draw it, made from its documents."""

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.views.advice import LESS_IS_BETTER, mapping_candidates, visibility_candidates

Candidates = list[dict[str, Any]]


def candidate(
    age_ms: float | None, cost: float | None, lost: float = 0.0, **mapping: Any
) -> dict[str, Any]:
    return {
        "mapping": {"batch_size": 10, "maximum_concurrency": None} | mapping,
        "p50_age_ms": 1.0,
        "p99_age_ms": age_ms,
        "cost_per_month": cost,
        "dead_letter_share": lost,
        "meets_slo": True,
    }


def advice(candidates: Candidates, recommended: Any = None) -> dict[str, Any]:
    return {"candidates": candidates, "recommended": recommended}


def test_a_candidate_is_named_by_what_tells_it_from_the_others() -> None:
    frame = mapping_candidates(
        advice([candidate(9, 1), candidate(5, 2, batch_size=100, maximum_concurrency=5)])
    )

    assert frame["label"].to_list() == ["batch_size 10", "batch_size 100, maximum_concurrency 5"]


def test_one_candidate_alone_is_as_captured() -> None:
    frame = mapping_candidates(advice([candidate(9, 1)]))

    assert frame["label"].to_list() == ["as captured"]
    assert frame["is_current"].to_list() == [True]


def test_the_recommended_one_is_found_by_its_mapping_however_the_document_tells_it() -> None:
    both = [candidate(9, 1), candidate(5, 2, batch_size=100)]

    for recommended in (both[1], both[1]["mapping"]):
        frame = mapping_candidates(advice(both, recommended))
        assert frame["is_recommended"].to_list() == [False, True]
    assert not mapping_candidates(advice(both))["is_recommended"].any()


def test_no_candidates_are_a_frame_without_rows() -> None:
    assert mapping_candidates({"candidates": None, "recommended": None}).is_empty()
    assert visibility_candidates({}).is_empty()


MEASURE = st.one_of(st.none(), st.integers(0, 4).map(float))


@settings(max_examples=50)
@given(st.lists(st.tuples(MEASURE, MEASURE, st.integers(0, 2)), min_size=1, max_size=12))
def test_what_is_not_beaten_is_what_a_plain_comparison_of_all_pairs_says(
    told: list[tuple[float | None, float | None, int]],
) -> None:
    candidates = [candidate(age, cost, float(lost)) for age, cost, lost in told]
    found = mapping_candidates(advice(candidates))["is_pareto"].to_list()

    for one, is_found in zip(candidates, found, strict=True):
        own = [one[name] for name in LESS_IS_BETTER]
        rivals = [[other[name] for name in LESS_IS_BETTER] for other in candidates]
        beaten = any(
            rival != own and all(a <= b for a, b in zip(rival, own, strict=True))
            for rival in rivals
            if None not in rival and None not in own
        )
        assert is_found == (None not in own and not beaten)


def test_of_a_queue_the_current_the_recommended_and_what_was_observed_are_told() -> None:
    frame = visibility_candidates(
        {
            "current": {"visibility_timeout_s": 30.0, "max_receive_count": 3},
            "recommended": {"visibility_timeout_s": 180.0, "max_receive_count": 3},
            "observed": {
                "extra_deliveries_per_message": 0.4,
                "dead_letter_share": {"share": 0.01, "low": 0.0, "high": 0.02},
            },
            "candidates": [
                {"visibility_timeout_s": v, "max_receive_count": 3, "dead_letter_share": None}
                | {"extra_deliveries_per_message": 0.1}
                for v in (30.0, 180.0)
            ],
        }
    )

    flags = frame.select("is_current", "is_recommended", "is_observed").rows()
    assert flags == [(True, False, False), (False, True, False), (False, False, True)]
    assert frame.filter("is_observed").select(
        "visibility_timeout_s", "dead_letter_share"
    ).rows() == [(30.0, 0.01)]


def test_a_queue_of_which_nothing_was_observed_has_no_such_row() -> None:
    frame = visibility_candidates(
        {"current": {"visibility_timeout_s": 30.0}, "observed": {}, "candidates": []}
    )

    assert frame.is_empty()
    assert frame.schema["visibility_timeout_s"] == pl.Float64
