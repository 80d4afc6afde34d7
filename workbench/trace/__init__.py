"""A trace: the folder that holds a capture, written durably by one side and queried by the other."""

from typing import TYPE_CHECKING

from workbench.lazy import lazy_names

if TYPE_CHECKING:
    from workbench.trace.reader import Trace, open_trace
    from workbench.trace.writer import TraceWriter

__all__ = ["Trace", "TraceWriter", "open_trace"]

__getattr__ = lazy_names(
    __name__,
    {
        "Trace": "workbench.trace.reader",
        "TraceWriter": "workbench.trace.writer",
        "open_trace": "workbench.trace.reader",
    },
)
