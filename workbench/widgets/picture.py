"""Charts as notebooks show them: pictures drawn here, with words for those who do not see them.

A picture needs no script and no network, so it is there in JupyterLab, in a saved notebook and in its export alike.
"""

from dataclasses import dataclass, field
from typing import Any

from workbench import charts
from workbench.markup import Markup, el
from workbench.trace import Trace
from workbench.views import activity
from workbench.views.drawable import bounds


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart, drawn; the last value of a cell shows it."""

    svg: str = field(repr=False)
    description: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """The SVG under its description, because JupyterLab gives a bare SVG no alternative text; and the bare SVG."""
        figure = el("div", Markup(self.svg), role="img", aria_label=self.description)
        return {"text/html": figure, "image/svg+xml": self.svg, "text/plain": self.description}


def show(chart: charts.Drawn) -> Picture:
    """The chart as a picture.

    Args:
        chart: what a function of `workbench.charts` returns, or any Altair chart with a description.

    Example:
        >>> show(findings_chart(wb.find(trace).to_frame()))  # doctest: +SKIP
    """
    return Picture(charts.to_svg(chart), charts.description(chart))


def activity_picture(trace: Trace) -> Picture:
    """Deliveries over time, a lane a source; `wb.activity(trace)` has the same as rows.

    Example:
        >>> activity_picture(wb.open("incident.trace"))  # doctest: +SKIP
    """
    return show(charts.timeline(activity(trace)))


def coverage_bar(trace: Trace) -> Picture:
    """What was read and what was not while records came; `trace.coverage()` has the same as rows.

    Example:
        >>> coverage_bar(wb.open("incident.trace"))  # doctest: +SKIP
    """
    deliveries = activity(trace)
    within = None if deliveries.is_empty() else bounds(deliveries, "from_at", "to_at")
    return show(charts.coverage_bar(trace.coverage(), within))
