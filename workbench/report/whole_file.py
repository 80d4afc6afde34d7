"""A file that is whole or not there, and readable by its owner only."""

import os
from pathlib import Path
from uuid import uuid4

from workbench.errors import WorkbenchError


def write_whole(path: Path, text: str) -> None:
    """Write aside, flush, rename.

    Raises:
        WorkbenchError: the folder is not there or not writable, or the disk is full; what was there stays.
    """
    aside = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise WorkbenchError(f"cannot write {path}: {error.strerror}; name another file") from error
