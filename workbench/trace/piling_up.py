"""Segments that pile up while a capture runs: merged by a process of its own, so that no commit waits for it."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from workbench.trace.catalog import Catalog

PILE = 200
"""Uncompacted segments that are worth a compaction; with the large ones the files of a trace stay below 500."""
LOOK_AFTER_COMMITS = 20
PATIENCE_S = 30
"""How long the end of a capture waits for a compaction; one that is ended early leaves the trace whole."""
NICENESS = 10


class PilingUp:
    """Watches one trace's segments for a capture, and starts `workbench compact` when there are many.

    Args:
        folder: the trace.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._commits = 0
        self._process: subprocess.Popen[bytes] | None = None

    def committed(self, catalog: Catalog) -> None:
        """To be called after each commit."""
        self._commits += 1
        if self._commits % LOOK_AFTER_COMMITS or self._is_at_work():
            return
        if catalog.uncompacted_segments() >= PILE:
            self._start()

    def close(self) -> None:
        """Let a compaction that is at work come to its end, or end it."""
        if self._process is None:
            return
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            self._process.wait()
        except BaseException:
            self._process.terminate()
            raise

    def _is_at_work(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _start(self) -> None:
        """Without credentials: it asks AWS nothing. Where it cannot be started the capture goes on all the same."""
        environment = {name: value for name, value in os.environ.items() if name[:4] != "AWS_"}
        with suppress(OSError):
            self._process = subprocess.Popen(
                [sys.executable, "-m", "workbench", "compact", str(self._folder.absolute())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
            os.setpriority(os.PRIO_PROCESS, self._process.pid, NICENESS)
