"""How far a capture is, source by source, on a terminal."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from workbench.trace.limits import SourceState


class CaptureProgress:
    """Records, holes and how far behind the tip each source is; shows nothing where nobody looks."""

    def __init__(self, shown: "Progress | None", source_arns: Sequence[str]) -> None:
        from workbench.trace.sources import source_name

        self._shown = shown
        self._tasks: dict[str, TaskID] = {}
        if shown is not None:
            for arn in source_arns:
                self._tasks[arn] = shown.add_task(
                    source_name(arn), total=None, records=0, holes=0, behind=""
                )

    def states(self, states: "Sequence[SourceState]") -> None:
        """Take over what `capture` tells after each commit."""
        if self._shown is None:
            return
        for state in states:
            self._shown.update(
                self._tasks[state.source_arn],
                records=state.records,
                holes=state.holes,
                behind=behind_text(state.behind_ms),
            )


def behind_text(behind_ms: int | None) -> str:
    """How far behind the tip, in words; nothing where it is not told.

    Example:
        >>> behind_text(0), behind_text(90_000)
        ('at the tip', '0:01:30 behind')
    """
    if behind_ms is None:
        return ""
    return f"{timedelta(seconds=behind_ms // 1_000)} behind" if behind_ms >= 1_000 else "at the tip"


@contextmanager
def capture_progress(source_arns: Sequence[str]) -> Iterator[CaptureProgress]:
    """A line a source on a terminal's standard error while the capture runs, gone when it has ended."""
    if not sys.stderr.isatty():
        yield CaptureProgress(None, source_arns)
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[records]:>9,} records", markup=False),
        TextColumn("{task.fields[holes]:,} holes", markup=False),
        TextColumn("{task.fields[behind]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield CaptureProgress(shown, source_arns)
