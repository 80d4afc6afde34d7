"""What notebooks show: a panel that is operated, and charts as pictures."""

from workbench.widgets.findings_panel import FindingsPanel, findings_panel
from workbench.widgets.picture import Picture, activity_picture, coverage_bar, show
from workbench.widgets.story_view import StoryView, story_view
from workbench.widgets.timeline import Timeline, timeline
from workbench.widgets.tune_panel import TunePanel, tune_panel

__all__ = [
    "FindingsPanel",
    "Picture",
    "StoryView",
    "Timeline",
    "TunePanel",
    "activity_picture",
    "coverage_bar",
    "findings_panel",
    "show",
    "story_view",
    "timeline",
    "tune_panel",
]
