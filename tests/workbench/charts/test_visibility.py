"""Deliveries again and dead letters against the visibility timeout."""

import polars as pl

from tests.workbench.charts.frames import text_of
from tests.workbench.charts.tuned_frames import predictions
from workbench.charts import description, redelivery, to_svg


def test_a_line_for_each_receive_count_in_each_panel_and_three_names() -> None:
    svg = to_svg(redelivery(predictions()))

    assert svg.count('aria-roledescription="line mark"') == 4
    for word in ("observed", "current", "recommended"):
        assert text_of(svg).split().count(word) == 2, word


def test_what_was_observed_is_beside_the_lines_and_said_beside_what_was_predicted() -> None:
    said = description(redelivery(predictions()))

    assert "observed 30 s: 41.00% extra deliveries, 9.00% to the dead-letter queue" in said
    assert "current 30 s: 47.24% extra deliveries" in said


def test_a_prediction_alone_needs_no_marks() -> None:
    plain = predictions().filter(~pl.col("is_observed"), pl.col("max_receive_count") == 3)
    plain = plain.select(
        "visibility_timeout_s", "extra_deliveries_per_message", "dead_letter_share"
    )
    svg = to_svg(redelivery(plain))

    assert svg.count('aria-roledescription="line mark"') == 2
    assert description(redelivery(plain)) == "Visibility timeouts from 10 s to 1 h."


def test_what_is_not_known_is_not_drawn_as_zero() -> None:
    unknown = predictions().with_columns(dead_letter_share=pl.lit(None, pl.Float64))
    rows = [row for cells in redelivery(unknown).to_dict()["datasets"].values() for row in cells]

    assert {row["measure"] for row in rows} == {"extra deliveries per message"}
    assert "unknown" in description(redelivery(unknown))


def test_no_prediction_is_a_sentence() -> None:
    assert description(redelivery(predictions().clear())).startswith("No prediction")
