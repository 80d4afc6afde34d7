"""Lines on standard output, each out at once, as wide and as coloured as whoever reads them can take."""

import os
import select
import shutil
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.cli.terminal import has_colours

if TYPE_CHECKING:
    from workbench.tail.lines import Style
    from workbench.tail.watching import Seen


class LineOutput:
    """Writes what was seen; when nobody reads any more (`| head`), asks the tail to end and writes no more.

    Args:
        source_arns: all that may be seen.
        as_json: for programs.
        no_color: as asked for; where standard output is no terminal there are no colours either.
        now: the clock; on a terminal, lines of another day say which.
    """

    def __init__(
        self,
        source_arns: Sequence[str],
        *,
        as_json: bool,
        no_color: bool,
        now: Callable[[], datetime],
    ) -> None:
        self.stop = threading.Event()
        self.closed = False
        self._arns, self._as_json, self._now = source_arns, as_json, now
        self._on_terminal = sys.stdout.isatty()
        self._coloured = has_colours() and not no_color

    def show(self, seen: "Iterable[Seen]") -> None:
        """Write one line each."""
        from workbench.tail.lines import json_line, line_of

        style = self._style()
        for each in seen:
            self._write(json_line(each) if self._as_json else line_of(each, style))
        if not self.closed and _nobody_reads():
            self._end()

    def _style(self) -> "Style":
        from workbench.tail.lines import Style, cells_wide, colours_of
        from workbench.trace.sources import source_name

        return Style(
            today=self._now().date(),
            width=shutil.get_terminal_size().columns if self._on_terminal else None,
            colours=colours_of(self._arns) if self._coloured else None,
            name_width=max((cells_wide(source_name(arn)) for arn in self._arns), default=0),
        )

    def _write(self, line: str) -> None:
        if self.closed:
            return
        encoding = sys.stdout.encoding or "utf-8"
        try:
            sys.stdout.buffer.write(f"{line}\n".encode(encoding, "backslashreplace"))
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            self._end()

    def _end(self) -> None:
        self.closed = True
        self.stop.set()
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - what Python still flushes at its end goes there
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _nobody_reads() -> bool:
    """Whether the other end of the pipe was closed; a write would be the first to say so, and may be long in coming."""
    waiting = select.poll()
    waiting.register(sys.stdout.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in waiting.poll(0))
