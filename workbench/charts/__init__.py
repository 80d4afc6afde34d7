"""Charts: a frame in, an Altair chart out; and a chart as SVG, drawn here and offline.

A chart is drawn from a few hundred rows that the database has aggregated, never from raw records.
"""

from workbench.charts.coverage import coverage_bar
from workbench.charts.deliveries import timeline
from workbench.charts.drawing import description, to_svg
from workbench.charts.dressing import WIDTH, Drawn
from workbench.charts.found import findings_chart
from workbench.charts.shards import shard_load

__all__ = [
    "WIDTH",
    "Drawn",
    "coverage_bar",
    "description",
    "findings_chart",
    "shard_load",
    "timeline",
    "to_svg",
]
