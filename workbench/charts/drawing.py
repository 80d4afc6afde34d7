"""A chart as SVG, drawn here and offline, and in words."""

import altair as alt
import vl_convert

from workbench.charts.dressing import Drawn


def to_svg(chart: Drawn) -> str:
    """The chart as SVG text; nothing is fetched, no script is in it.

    Example:
        >>> to_svg(timeline(activity(trace)))[:4]  # doctest: +SKIP
        '<svg'
    """
    version = "_".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    drawn = vl_convert.vegalite_to_svg(chart.to_dict(), vl_version=version, allowed_base_urls=[])
    return str(drawn)


def description(chart: Drawn) -> str:
    """What the chart says, in one sentence, for those who do not see it."""
    return str(chart.description)
