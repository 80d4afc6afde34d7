"""What DuckDB may use of the machine: a bounded part of its memory, and a private folder for what does not fit."""

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from workbench.errors import UsageError

MEMORY_LIMIT = "WORKBENCH_MEMORY_LIMIT"
"""Environment variable: memory of one opened trace, such as `2GB`."""
THREADS = "WORKBENCH_THREADS"
"""Environment variable: threads of one opened trace; all cores where it is not set."""
MOST_BYTES = 4_000_000_000
"""Assumed: what a question to ten million rows wants, and a machine that also runs a notebook can spare."""
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
SHARE = 0.5
"""Assumed: of a small machine's memory; the rest is for whoever asks."""


def memory_limit() -> str:
    """Memory that an opened trace may use, as DuckDB spells it; what does not fit goes to disk.

    Example:
        >>> memory_limit()[-1]
        'B'
    """
    ours = min(MOST_BYTES, int(_memory_there() * SHARE))
    return os.environ.get(MEMORY_LIMIT) or f"{ours // 1_000_000}MB"


def _memory_there() -> int:
    """Bytes of the machine, or of the container that we are in."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(machine, int(CONTAINER_LIMIT.read_text("ascii")))
    except (OSError, ValueError):  # no container, or "max"
        return machine


def start(config: dict[str, str]) -> duckdb.DuckDBPyConnection:
    """An in-memory database within the limits.

    What does not fit into memory goes through a folder that nobody else can read; `stop` removes it.

    Raises:
        UsageError: a limit in the environment is none.
    """
    spill = _spill_folder()
    limits: dict[str, Any] = {"memory_limit": memory_limit(), "temp_directory": spill}
    if threads := os.environ.get(THREADS):
        limits["threads"] = threads
    try:
        return duckdb.connect(config={**config, **limits})
    except duckdb.Error as error:
        shutil.rmtree(spill, ignore_errors=True)
        raise UsageError(
            f"wanted {MEMORY_LIMIT} such as 2GB and {THREADS} such as 2, found {str(error).splitlines()[0]}"
        ) from error


def _spill_folder() -> str:
    """A private folder; empty, which means none, where the disk is full: a trace is readable all the same."""
    try:
        return tempfile.mkdtemp(prefix="workbench-")
    except OSError:
        return ""


CLOSING_S = 30.0
"""How long a question that is still being answered is waited for before its database is closed."""


def stop(connection: duckdb.DuckDBPyConnection) -> None:
    """Close the database once nobody asks it any more, and remove what it kept on disk."""
    with connection.cursor() as cursor:
        found = cursor.execute("select current_setting('temp_directory')").fetchone()
    patient_until_s = time.monotonic() + CLOSING_S
    while True:
        try:
            connection.close()
            break
        except duckdb.ResourceInUseException:  # a view's thread is still at a question
            if time.monotonic() > patient_until_s:
                raise
            time.sleep(0.05)
    shutil.rmtree(found[0], ignore_errors=True) if found else None


def exhausted(error: duckdb.Error) -> str | None:
    """One line where the machine's room was not enough for a question; None: the error is another."""
    line = str(error).strip().splitlines()[0]
    if "No space left on device" in line or "max_temp_directory_size" in str(error):
        return (
            f"wanted room for intermediate rows in {tempfile.gettempdir()}, found the disk full; free space there, "
            "or set TMPDIR to a larger disk"
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return (
            f"wanted an answer within {memory_limit()} of memory, found it too little; "
            f"ask for less (--source, --since), or set {MEMORY_LIMIT}"
        )
    return None
