"""The workbench: what a notebook or a script needs, in one place, loaded when it is first used."""

from typing import TYPE_CHECKING

from workbench.lazy import lazy_names

if TYPE_CHECKING:
    from workbench.findings import Finding, Findings, find
    from workbench.trace.capture_process import CaptureProcess, start_capture
    from workbench.trace.export import export
    from workbench.trace.reader import Trace
    from workbench.trace.reader import open_trace as open
    from workbench.trace.verify import verify

__all__ = [
    "CaptureProcess",
    "Finding",
    "Findings",
    "Trace",
    "export",
    "find",
    "open",
    "start_capture",
    "verify",
]

__getattr__ = lazy_names(
    __name__,
    {
        "CaptureProcess": "workbench.trace.capture_process",
        "Finding": "workbench.findings",
        "Findings": "workbench.findings",
        "Trace": "workbench.trace.reader",
        "export": "workbench.trace.export",
        "find": "workbench.findings",
        "open": "workbench.trace.reader:open_trace",
        "start_capture": "workbench.trace.capture_process",
        "verify": "workbench.trace.verify",
    },
)
