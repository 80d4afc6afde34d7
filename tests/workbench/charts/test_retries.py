"""A schedule of attempts, told apart by phase."""

from tests.workbench.charts.frames import text_of
from tests.workbench.charts.tuned_frames import AWS_MANAGED, DOCUMENTED, schedule
from workbench.charts import description, retry_schedule, to_svg


def test_every_attempt_has_a_mark_and_every_phase_a_name() -> None:
    chart = retry_schedule(schedule(*DOCUMENTED))
    svg = to_svg(chart)

    assert svg.count('aria-roledescription="point"') == 50
    assert {"immediate", "pre-backoff", "backoff", "post-backoff"} <= set(text_of(svg).split())
    assert description(chart) == (
        "50 attempts within 37.4 min: 3 immediate, 2 pre-backoff, 10 backoff, 35 post-backoff."
    )


def test_a_hundred_thousand_attempts_are_drawn_by_the_first_of_each_place_and_counted() -> None:
    chart = retry_schedule(schedule(*AWS_MANAGED))
    svg = to_svg(chart)

    assert "of 100,015 attempts are drawn, the first of each place" in text_of(svg)
    assert sum(len(rows) for rows in chart.to_dict()["datasets"].values()) <= 5_000
    assert "23.1 d" in description(chart)


def test_a_phase_of_one_attempt_is_not_lost_among_very_many() -> None:
    chart = retry_schedule(
        schedule(("immediate", 1, 0.0), ("pre-backoff", 1, 1e-6), ("backoff", 9_000, 20.0))
    )
    phases = {row["phase"] for rows in chart.to_dict()["datasets"].values() for row in rows}

    assert phases == {"immediate", "pre-backoff", "backoff"}


def test_no_attempt_is_a_sentence() -> None:
    assert description(retry_schedule(schedule(("backoff", 1, 1.0)).clear())).startswith(
        "No attempts"
    )
