"""What notebooks show: a panel that is operated, and charts as pictures."""

from workbench.widgets.capture_panel import CapturePanel, capture_panel
from workbench.widgets.event_grid import EventGrid, events
from workbench.widgets.findings_panel import FindingsPanel, findings_panel
from workbench.widgets.job_panel import JobPanel, job_panel
from workbench.widgets.overview import Overview, overview
from workbench.widgets.picture import Picture, activity_picture, coverage_bar, show
from workbench.widgets.replay_panel import ReplayPanel, replay_panel
from workbench.widgets.story_view import StoryView, story_view
from workbench.widgets.tabs import Workbench, workbench
from workbench.widgets.timeline import Timeline, timeline
from workbench.widgets.tune_panel import TunePanel, tune_panel

__all__ = [
    "CapturePanel",
    "EventGrid",
    "FindingsPanel",
    "JobPanel",
    "Overview",
    "Picture",
    "ReplayPanel",
    "StoryView",
    "Timeline",
    "TunePanel",
    "Workbench",
    "activity_picture",
    "capture_panel",
    "coverage_bar",
    "events",
    "findings_panel",
    "job_panel",
    "overview",
    "replay_panel",
    "show",
    "story_view",
    "timeline",
    "tune_panel",
    "workbench",
]
