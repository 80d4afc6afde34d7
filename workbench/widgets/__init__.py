"""What notebooks show: a panel that is operated, and charts as pictures."""

from workbench.widgets.findings_panel import FindingsPanel, findings_panel
from workbench.widgets.picture import Picture, coverage_bar, show, timeline

__all__ = ["FindingsPanel", "Picture", "coverage_bar", "findings_panel", "show", "timeline"]
