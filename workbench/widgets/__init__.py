"""What notebooks show: pictures that need no network, and the panel of findings; loaded when first used."""

from typing import TYPE_CHECKING

from workbench.lazy import lazy_names

if TYPE_CHECKING:
    from workbench.widgets.findings_panel import FindingsPanel, findings_panel
    from workbench.widgets.pictures import Picture, coverage_bar, show, timeline

__all__ = ["FindingsPanel", "Picture", "coverage_bar", "findings_panel", "show", "timeline"]

__getattr__ = lazy_names(
    __name__,
    {
        "FindingsPanel": "workbench.widgets.findings_panel",
        "Picture": "workbench.widgets.pictures",
        "coverage_bar": "workbench.widgets.pictures",
        "findings_panel": "workbench.widgets.findings_panel",
        "show": "workbench.widgets.pictures",
        "timeline": "workbench.widgets.pictures",
    },
)
