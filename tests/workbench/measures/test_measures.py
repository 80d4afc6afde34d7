"""What `measure` accepts, from Python and from the command line."""

from pathlib import Path

import pytest

from tests.workbench.cli.running import run
from tests.workbench.findings.traces import trace_of
from workbench.errors import UsageError
from workbench.measures import measure


def test_an_unknown_measure_gets_the_list_of_measures(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="wanted a measure, found 'latenes'"):
        measure(trace_of(tmp_path / "t.trace", []), "latenes")


def test_without_a_name_the_command_lists_the_measures(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    trace_of(tmp_path / "t.trace", []).close()

    told = run(capfd, "measure", tmp_path / "t.trace")

    assert told.code == 0
