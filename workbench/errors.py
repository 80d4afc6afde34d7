"""What the workbench raises on purpose, one level deep.

WorkbenchError
  TraceError           no trace there, a newer or damaged one, a full disk
  FencedError          another capture has taken over this source
  HandlerError         no such handler, or it does not load
  ReplayRefusedError   isolation could not be proved
  UsageError           an argument that cannot be right; the command line exits 2

Every message is one line: what was wanted, what was found, what to do.
"""


class WorkbenchError(Exception):
    """Root of everything this package raises on purpose."""


class TraceError(WorkbenchError):
    """No trace there, a newer or damaged one, or a disk that is full."""


class FencedError(WorkbenchError):
    """Another capture has taken over this source; nothing more is written by this one."""


class HandlerError(WorkbenchError):
    """No such handler, or it does not load."""


class ReplayRefusedError(WorkbenchError):
    """The run was refused before any handler code ran."""


class UsageError(WorkbenchError):
    """An argument that cannot be right."""
