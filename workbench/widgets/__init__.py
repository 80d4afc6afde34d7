"""What notebooks show: a panel that is operated, and charts as pictures."""

from workbench.widgets.findings_panel import FindingsPanel, findings_panel
from workbench.widgets.picture import Picture, coverage_bar, show, timeline
from workbench.widgets.story_view import StoryView, story_view
from workbench.widgets.tune_panel import TunePanel, tune_panel

__all__ = [
    "FindingsPanel",
    "Picture",
    "StoryView",
    "TunePanel",
    "coverage_bar",
    "findings_panel",
    "show",
    "story_view",
    "timeline",
    "tune_panel",
]
