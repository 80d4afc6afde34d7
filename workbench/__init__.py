"""The workbench: what a notebook or a script needs, in one place, loaded when it is first used."""

from typing import TYPE_CHECKING

from workbench.lazy import keep_functions, lazy_names

if TYPE_CHECKING:
    from workbench import tune
    from workbench.crossfilter import Clause, CrossFilter, crossfilter
    from workbench.explain import Story, contrast, story
    from workbench.findings import Finding, Findings, find
    from workbench.jobs import Job, JobProgress
    from workbench.magics import load_ipython_extension
    from workbench.mapping import EventSourceMapping
    from workbench.measures import measure
    from workbench.patterns.event_pattern import check_pattern, matches
    from workbench.permissions.handler_access import handler_access
    from workbench.permissions.policy import read_policy
    from workbench.redrive.verdict import redrive
    from workbench.replay.comparison.compare import compare
    from workbench.replay.events import event_record
    from workbench.replay.events.provenance import provenance
    from workbench.replay.functions.template import template_function
    from workbench.replay.idempotency.check import idempotency
    from workbench.replay.opening import Environments
    from workbench.replay.run import Run
    from workbench.replay.selection import Selection
    from workbench.replay.shrink.shrink import Shrunk, shrink
    from workbench.replay.start import replay
    from workbench.shipped import dataset
    from workbench.trace.capture_process import CaptureProcess, start_capture
    from workbench.trace.export import export
    from workbench.trace.reader import Trace
    from workbench.trace.reader import open_trace as open
    from workbench.trace.verify import verify
    from workbench.views import activity, witness
    from workbench.widgets.capture_panel import CapturePanel, capture_panel
    from workbench.widgets.event_grid import EventGrid, events
    from workbench.widgets.findings_panel import FindingsPanel, findings_panel
    from workbench.widgets.job_panel import JobPanel, job_panel
    from workbench.widgets.overview import Overview, overview
    from workbench.widgets.picture import activity_picture, coverage_bar, show
    from workbench.widgets.replay_panel import ReplayPanel, replay_panel
    from workbench.widgets.story_view import StoryView, story_view
    from workbench.widgets.tabs import Workbench, workbench
    from workbench.widgets.timeline import Timeline, timeline
    from workbench.widgets.tune_panel import TunePanel, tune_panel

__all__ = [
    "CapturePanel",
    "CaptureProcess",
    "Clause",
    "CrossFilter",
    "Environments",
    "EventGrid",
    "EventSourceMapping",
    "Finding",
    "Findings",
    "FindingsPanel",
    "Job",
    "JobPanel",
    "JobProgress",
    "Overview",
    "ReplayPanel",
    "Run",
    "Selection",
    "Shrunk",
    "Story",
    "StoryView",
    "Timeline",
    "Trace",
    "TunePanel",
    "Workbench",
    "activity",
    "activity_picture",
    "capture_panel",
    "check_pattern",
    "compare",
    "contrast",
    "coverage_bar",
    "crossfilter",
    "dataset",
    "event_record",
    "events",
    "export",
    "find",
    "findings_panel",
    "handler_access",
    "idempotency",
    "job_panel",
    "load_ipython_extension",
    "matches",
    "measure",
    "open",
    "overview",
    "provenance",
    "read_policy",
    "redrive",
    "replay",
    "replay_panel",
    "show",
    "shrink",
    "start_capture",
    "story",
    "story_view",
    "template_function",
    "timeline",
    "tune",
    "tune_panel",
    "verify",
    "witness",
    "workbench",
]

__getattr__ = lazy_names(
    __name__,
    {
        "CapturePanel": "workbench.widgets.capture_panel",
        "CaptureProcess": "workbench.trace.capture_process",
        "Clause": "workbench.crossfilter",
        "CrossFilter": "workbench.crossfilter",
        "Environments": "workbench.replay.opening",
        "EventGrid": "workbench.widgets.event_grid",
        "EventSourceMapping": "workbench.mapping",
        "Finding": "workbench.findings",
        "Findings": "workbench.findings",
        "FindingsPanel": "workbench.widgets.findings_panel",
        "Job": "workbench.jobs",
        "JobPanel": "workbench.widgets.job_panel",
        "JobProgress": "workbench.jobs",
        "Overview": "workbench.widgets.overview",
        "ReplayPanel": "workbench.widgets.replay_panel",
        "Run": "workbench.replay.run",
        "Selection": "workbench.replay.selection",
        "Shrunk": "workbench.replay.shrink.shrink",
        "Story": "workbench.explain",
        "StoryView": "workbench.widgets.story_view",
        "Timeline": "workbench.widgets.timeline",
        "Trace": "workbench.trace.reader",
        "TunePanel": "workbench.widgets.tune_panel",
        "Workbench": "workbench.widgets.tabs",
        "activity": "workbench.views",
        "activity_picture": "workbench.widgets.picture",
        "capture_panel": "workbench.widgets.capture_panel",
        "check_pattern": "workbench.patterns.event_pattern",
        "compare": "workbench.replay.comparison.compare",
        "contrast": "workbench.explain",
        "coverage_bar": "workbench.widgets.picture",
        "crossfilter": "workbench.crossfilter",
        "dataset": "workbench.shipped",
        "event_record": "workbench.replay.events",
        "events": "workbench.widgets.event_grid",
        "export": "workbench.trace.export",
        "find": "workbench.findings",
        "findings_panel": "workbench.widgets.findings_panel",
        "handler_access": "workbench.permissions.handler_access",
        "idempotency": "workbench.replay.idempotency.check",
        "job_panel": "workbench.widgets.job_panel",
        "load_ipython_extension": "workbench.magics",
        "matches": "workbench.patterns.event_pattern",
        "measure": "workbench.measures",
        "open": "workbench.trace.reader:open_trace",
        "overview": "workbench.widgets.overview",
        "provenance": "workbench.replay.events.provenance",
        "read_policy": "workbench.permissions.policy",
        "redrive": "workbench.redrive.verdict",
        "replay": "workbench.replay.start",
        "replay_panel": "workbench.widgets.replay_panel",
        "show": "workbench.widgets.picture",
        "shrink": "workbench.replay.shrink.shrink",
        "start_capture": "workbench.trace.capture_process",
        "story": "workbench.explain",
        "story_view": "workbench.widgets.story_view",
        "template_function": "workbench.replay.functions.template",
        "timeline": "workbench.widgets.timeline",
        "tune": "workbench.tune:",
        "tune_panel": "workbench.widgets.tune_panel",
        "verify": "workbench.trace.verify",
        "witness": "workbench.views",
        "workbench": "workbench.widgets.tabs",
    },
)

keep_functions(__name__, "crossfilter", "redrive")
