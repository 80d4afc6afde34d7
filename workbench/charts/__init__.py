"""Charts: a frame in, an Altair chart out; and a chart as SVG, drawn here and offline.

A chart is drawn from a few hundred rows that the database has aggregated, never from raw records.
"""

from workbench.charts.ages import age_over_time
from workbench.charts.batches import batch_sizes
from workbench.charts.candidates import pareto
from workbench.charts.coverage import coverage_bar
from workbench.charts.deliveries import timeline
from workbench.charts.drawing import description, to_svg
from workbench.charts.dressing import WIDTH, Drawn
from workbench.charts.found import findings_chart
from workbench.charts.layouts import shard_layouts
from workbench.charts.retries import retry_schedule
from workbench.charts.shards import shard_load
from workbench.charts.throttling import throttled
from workbench.charts.visibility import redelivery

__all__ = [
    "WIDTH",
    "Drawn",
    "age_over_time",
    "batch_sizes",
    "coverage_bar",
    "description",
    "findings_chart",
    "pareto",
    "redelivery",
    "retry_schedule",
    "shard_layouts",
    "shard_load",
    "throttled",
    "timeline",
    "to_svg",
]
