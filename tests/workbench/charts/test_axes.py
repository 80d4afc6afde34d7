"""An axis of time says when, in UTC."""

import json
import re
from datetime import timedelta

import polars as pl
import pytest

from tests.workbench.charts.frames import T0, at, coverage, deliveries, load, text_of
from workbench.charts import WIDTH, Drawn, coverage_bar, shard_load, timeline, to_svg
from workbench.charts.axes import seconds_axis, spoken


def test_an_instant_is_drawn_where_utc_has_it_whatever_zone_it_comes_in() -> None:
    frame = deliveries("arn:aws:sqs:us-east-1:1:orders")
    elsewhere = frame.with_columns(
        pl.col("from_at", "to_at").dt.convert_time_zone("America/New_York")
    )

    assert to_svg(timeline(elsewhere)) == to_svg(timeline(frame))
    assert "10:00:00" in text_of(to_svg(timeline(frame)))


@pytest.mark.parametrize(
    "chart",
    [
        timeline(deliveries("arn:aws:sqs:us-east-1:1:orders")),
        coverage_bar(coverage(3, 1)),
        shard_load(load(3, 20)),
    ],
    ids=["timeline", "coverage", "load"],
)
def test_every_axis_of_time_is_utc_whatever_the_zone_of_the_machine(chart: Drawn) -> None:
    spec = json.dumps(chart.to_dict())
    axes = re.findall(r'"scale": {[^}]*}[^}]*"type": "temporal"', spec)

    assert axes
    assert all('"type": "utc"' in axis for axis in axes)


@pytest.mark.parametrize("seconds", [0.05, 1, 3, 9, 11, 100, 500])
def test_a_label_of_the_axis_stands_at_the_instant_that_it_names(seconds: float) -> None:
    rows = [
        {"source_arn": "arn:aws:sqs:us-east-1:1:orders", "deliveries": 1}
        | {"from_at": start, "to_at": start + timedelta(milliseconds=1)}
        for start in (T0, at(seconds))
    ]
    svg = to_svg(timeline(pl.DataFrame(rows)))
    labels = re.findall(
        r"translate\(([\d.]+),[\d.]+\)\"[^>]*>10:(\d\d):(\d\d(?:\.\d+)?)</text>", svg
    )
    width = seconds + 0.001

    assert labels
    for x, minutes, rest in labels:
        assert float(x) == pytest.approx(WIDTH * (60 * int(minutes) + float(rest)) / width, abs=1)


def test_durations_are_said_as_people_say_them() -> None:
    said = [spoken(each) for each in (0, 0.0005, 0.25, 0.9996, 30, 90, 7_200, 1_987_200)]

    assert said == ["0", "0.5 ms", "250 ms", "1000 ms", "30 s", "1.5 min", "2 h", "23 d"]


@pytest.mark.parametrize(("low", "high"), [(0.001, 1e7), (1, 40), (0.3, 0.4), (7, 7)])
def test_an_axis_of_durations_has_few_steps_and_all_of_them_within(low: float, high: float) -> None:
    axis = seconds_axis("age", low, high).to_dict()
    steps = axis.get("values", [])

    assert len(steps) <= 8
    assert all(low <= step <= high for step in steps)
    assert steps or axis["tickCount"]
