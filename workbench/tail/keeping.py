"""Where a tail's trace lives when the user has named no place: private, for a day, and said in the last line."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

PREFIX = "workbench-tail-"
KEPT = timedelta(hours=24)
"""What a tail leaves holds payloads: long enough to be moved away, and no longer."""


def remove(trace: Path) -> None:
    """Take away a temporary trace that holds nothing to keep."""
    shutil.rmtree(trace, ignore_errors=True)


@contextmanager
def temporary_trace(now: datetime, root: Path | None = None) -> Iterator[Path]:
    """A path for a trace, in a folder of its own that only this user can enter.

    The folder stays, so that the trace can be moved to where it is wanted; one without a trace goes at once. What an
    earlier tail left more than 24 h ago is removed first, unless that tail is still running.

    Args:
        now: the instant.
        root: the folder for temporary files; None: the system's.
    """
    above = root or Path(tempfile.gettempdir())
    _remove_old(above, now)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=above))
    held = os.open(folder, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_SH)
    try:
        yield folder / "tail.trace"
    finally:
        os.utime(folder)
        if not (folder / "tail.trace").exists():
            shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def _remove_old(root: Path, now: datetime) -> None:
    for folder in root.glob(f"{PREFIX}*"):
        try:
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:  # gone meanwhile, or somebody else's
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left = os.fstat(held)
            if left.st_uid == os.getuid() and left.st_mtime < (now - KEPT).timestamp():
                shutil.rmtree(folder, ignore_errors=True)  # which removes nothing behind a link
        except OSError:  # a tail that still runs holds it
            continue
        finally:
            os.close(held)
