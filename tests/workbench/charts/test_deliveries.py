"""Deliveries over time, a lane a source."""

from tests.workbench.charts.frames import deliveries, text_of
from workbench.charts import description, timeline, to_svg


def test_the_timeline_has_a_bar_for_each_bucket_and_a_lane_for_each_source() -> None:
    chart = timeline(deliveries("arn:aws:sqs:us-east-1:1:orders", None))
    svg = to_svg(chart)

    assert svg.count('aria-roledescription="bar"') == 8
    assert {"sqs:orders", "others"} <= set(text_of(svg).split())
    assert description(chart).endswith("sqs:orders 12; others 12.")
