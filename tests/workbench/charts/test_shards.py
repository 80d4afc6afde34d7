"""Load of shards: what is over the limit is marked, and nothing is averaged away."""

from tests.workbench.charts.frames import load, text_of
from workbench.charts import description, shard_load, to_svg


def test_seconds_over_the_limit_are_crossed_and_counted() -> None:
    over, under = shard_load(load(3, 20, 1.2)), shard_load(load(3, 20, 1.0))

    assert to_svg(over).count('aria-roledescription="point"') == 1
    assert to_svg(under).count('aria-roledescription="point"') == 0
    assert description(over).endswith("120% of the limit at the peak, 1 second over it.")


def test_a_long_load_of_many_shards_is_drawn_within_altairs_5000_rows() -> None:
    chart = shard_load(load(40, 400, 1.5))
    svg = to_svg(chart)

    assert "and 10 more, 0 of them with seconds over the limit" in text_of(svg)
    assert svg.count('aria-roledescription="point"') == 1
