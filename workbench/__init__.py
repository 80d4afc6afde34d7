"""The workbench: what a notebook or a script needs, in one place, loaded when it is first used."""

from typing import TYPE_CHECKING

from workbench.lazy import lazy_names

if TYPE_CHECKING:
    from workbench.findings import Finding, Findings, find
    from workbench.shipped import dataset
    from workbench.trace.capture_process import CaptureProcess, start_capture
    from workbench.trace.export import export
    from workbench.trace.reader import Trace
    from workbench.trace.reader import open_trace as open
    from workbench.trace.verify import verify
    from workbench.views import activity, witness
    from workbench.widgets.findings_panel import FindingsPanel, findings_panel
    from workbench.widgets.picture import coverage_bar, show, timeline

__all__ = [
    "CaptureProcess",
    "Finding",
    "Findings",
    "FindingsPanel",
    "Trace",
    "activity",
    "coverage_bar",
    "dataset",
    "export",
    "find",
    "findings_panel",
    "open",
    "show",
    "start_capture",
    "timeline",
    "verify",
    "witness",
]

__getattr__ = lazy_names(
    __name__,
    {
        "CaptureProcess": "workbench.trace.capture_process",
        "Finding": "workbench.findings",
        "Findings": "workbench.findings",
        "FindingsPanel": "workbench.widgets.findings_panel",
        "Trace": "workbench.trace.reader",
        "activity": "workbench.views",
        "coverage_bar": "workbench.widgets.picture",
        "dataset": "workbench.shipped",
        "export": "workbench.trace.export",
        "find": "workbench.findings",
        "findings_panel": "workbench.widgets.findings_panel",
        "open": "workbench.trace.reader:open_trace",
        "show": "workbench.widgets.picture",
        "start_capture": "workbench.trace.capture_process",
        "timeline": "workbench.widgets.picture",
        "verify": "workbench.trace.verify",
        "witness": "workbench.views",
    },
)
