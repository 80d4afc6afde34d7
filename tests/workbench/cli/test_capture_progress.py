"""Progress: a line a source on a terminal, nothing anywhere else."""

import io

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn

from workbench.cli.capture_progress import CaptureProgress, behind_text, capture_progress
from workbench.trace.limits import SourceState

QUEUE = "arn:aws:sqs:us-east-1:111111111111:orders"


def test_where_nobody_looks_nothing_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with capture_progress([QUEUE]) as shown:
        shown.states([SourceState(QUEUE, records=5)])

    assert capfd.readouterr() == ("", "")


def test_each_source_shows_its_records_holes_and_how_far_behind_it_is() -> None:
    columns = [TextColumn(f"{{task.fields[{name}]}}") for name in ("records", "holes", "behind")]
    with Progress(*columns, console=Console(file=io.StringIO()), auto_refresh=False) as bars:
        shown = CaptureProgress(bars, [QUEUE])
        shown.states([SourceState(QUEUE, records=5, holes=1, behind_ms=61_500)])
        [task] = bars.tasks

    assert task.description == "sqs:orders"
    assert task.fields == {"records": 5, "holes": 1, "behind": "0:01:01 behind"}


@pytest.mark.parametrize(
    ("behind_ms", "text"),
    [(None, ""), (0, "at the tip"), (999, "at the tip"), (3_600_000, "1:00:00 behind")],
)
def test_behind_is_told_in_words(behind_ms: int | None, text: str) -> None:
    assert behind_text(behind_ms) == text
