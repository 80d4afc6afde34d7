"""The clock at event time: a program sees the virtual instant of its batch, and time passes from there.

libfaketime is loaded before everything else, so that Python, Node and Java see it alike; a static binary (most of Go)
does not load it and sees this machine's clock.
"""

import importlib.util
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from workbench.errors import UsageError

_LIBRARY = "vendor/libfaketime/src/libfaketime.so.1"


@dataclass(frozen=True, slots=True)
class ClockFace:
    """What one execution environment's clock is set by."""

    file: Path
    variables: Mapping[str, str]
    """Of its environment."""

    def set(self, at: datetime) -> float:
        """Let the clock show an instant from now on; returns it as epoch seconds."""
        offset_s = at.timestamp() - time.time()
        # In place: inside a sandbox this very file is mounted, not its name. Never shorter, so never half a number.
        with self.file.open("r+b", buffering=0) as file:
            file.write(f"{offset_s:+026.6f}\n".encode())
        return at.timestamp()


class EventClock:
    """Makes a clock for each execution environment.

    Args:
        folder: for the files the clocks are set by; must be readable inside.

    Raises:
        UsageError: libfaketime is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._library = _library()
        self._faces = 0

    @property
    def shown(self) -> tuple[Path, ...]:
        """What a sandbox must let its program read."""
        return self._folder, self._library

    def face(self) -> ClockFace:
        """A clock of its own; it shows this machine's time until it is set."""
        self._faces += 1
        file = self._folder / f"clock-{self._faces}"
        file.write_text(f"{0:+026.6f}\n")
        variables = {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
        return ClockFace(file, variables)


def _library() -> Path:
    found = importlib.util.find_spec("libfaketime")
    folders = found.submodule_search_locations if found else None
    for folder in folders or ():
        library = Path(folder, _LIBRARY).resolve()
        if library.is_file():
            return library
    raise UsageError(
        "wanted libfaketime for a clock at event time, found none; pip install 'replay-workbench[clock]'"
    )
