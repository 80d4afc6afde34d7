"""Every notebook runs to its end on what is shipped with it, and reads without a kernel afterwards."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.workbench.findings.traces import message, trace_of
from workbench.lab import TRACE_VARIABLE, build_notebooks, read_percent
from workbench.shipped import shipped

SOURCES = sorted(shipped("notebooks").glob("*.py"))
OF_ANY_TRACE = [source for source in SOURCES if TRACE_VARIABLE in source.read_text("utf-8")]
MOST_BYTES = 1_000_000
"""Of a saved notebook, so that it can be mailed and reviewed."""


def ran(source: Path, folder: Path) -> Any:
    """The notebook with its outputs, run in a folder of its own."""
    (built,) = (path for path in build_notebooks(folder) if path.stem == source.stem)
    notebook = nbformat.read(built, as_version=4)
    where = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=90, store_widget_state=False, resources=where).execute()
    return notebook


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_notebook_runs_and_reads_without_a_kernel(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TRACE_VARIABLE, raising=False)
    notebook = ran(source, tmp_path)

    assert "widgets" not in notebook.metadata
    assert not [output for output in outputs(notebook) if output.get("name") == "stderr"]
    assert not [output for output in outputs(notebook) if output.output_type == "error"]
    assert len(nbformat.writes(notebook)) < MOST_BYTES
    assert "assert " in notebook.cells[-1].source


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_notebook_begins_without_ado(source: Path) -> None:
    cells = read_percent(source.read_text("utf-8"))["cells"]

    first = next(cell["source"] for cell in cells if cell["cell_type"] == "code")
    assert len([line for line in first.splitlines() if line.strip()]) < 5
    assert cells[0]["cell_type"] == "markdown"


@pytest.mark.parametrize("source", OF_ANY_TRACE, ids=lambda path: path.stem)
def test_a_notebook_runs_on_a_trace_of_ones_own(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace_of(tmp_path / "own.trace", [message("m-1", {"id": 1}, count=2)]).close()
    monkeypatch.setenv(TRACE_VARIABLE, str(tmp_path / "own.trace"))

    text = str(outputs(ran(source, tmp_path / "run")))
    assert "redelivery" in text
    assert "order-events" not in text
