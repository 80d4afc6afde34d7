"""Notebooks are built from their sources, edits survive, and JupyterLab is started as it should be."""

import json
import os
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest

from tests.workbench.cli.running import run
from workbench import lab as room
from workbench.errors import UsageError, WorkbenchError
from workbench.lab import build_notebooks, copy_out, lab, read_percent
from workbench.shipped import shipped


class BecameError(Exception):
    """In place of the process that ours would have become."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        super().__init__(command)
        self.command, self.environment = command, environment


@pytest.fixture
def replaced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder to be in, where becoming another program is told instead of done."""

    def become(_program: str, command: list[str], environment: dict[str, str]) -> None:
        raise BecameError(command, environment)

    monkeypatch.setattr(os, "execve", become)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of notebook sources in place of those that are shipped."""
    folder = tmp_path / "sources"
    folder.mkdir()
    monkeypatch.setattr(room, "shipped", lambda kind: folder)
    (folder / "01_one.py").write_text("# %%\n1 + 1\n")
    return folder


@pytest.mark.parametrize(
    "source", sorted(shipped("notebooks").glob("*.py")), ids=lambda path: path.stem
)
def test_a_notebook_is_read_as_jupytext_reads_it(source: Path) -> None:
    ours = read_percent(source.read_text("utf-8"))
    theirs = jupytext.read(source, fmt="py:percent")

    nbformat.validate(ours)
    assert [(cell["cell_type"], cell["source"]) for cell in ours["cells"]] == [
        (cell.cell_type, cell.source) for cell in theirs.cells
    ]


def test_notebooks_are_built_where_there_are_none(sources: Path, tmp_path: Path) -> None:
    (built,) = build_notebooks(tmp_path / "deep" / "notebooks")
    assert built.name == "01_one.ipynb"
    assert sources_of(built) == ["1 + 1"]


def test_an_edited_notebook_is_never_overwritten(sources: Path, tmp_path: Path) -> None:
    (built,) = build_notebooks(tmp_path)
    edit(built, source="my own")
    (sources / "01_one.py").write_text("# %%\n2 + 2\n")

    build_notebooks(tmp_path)
    assert sources_of(built) == ["my own"]


def test_a_notebook_that_was_only_run_follows_its_source(sources: Path, tmp_path: Path) -> None:
    (built,) = build_notebooks(tmp_path)
    edit(built, execution_count=1)
    build_notebooks(tmp_path)
    assert json.loads(built.read_text())["cells"][0]["execution_count"] == 1

    (sources / "01_one.py").write_text("# %%\n2 + 2\n")
    build_notebooks(tmp_path)
    assert sources_of(built) == ["2 + 2"]


@pytest.mark.parametrize(
    "content", ["", "not JSON", "[]", '{"cells": 1}', '{"metadata": {}, "cells": []}']
)
def test_a_file_of_somebody_elses_is_left_alone(
    sources: Path, tmp_path: Path, content: str
) -> None:
    there = tmp_path / "01_one.ipynb"
    there.write_text(content)
    build_notebooks(tmp_path)
    assert there.read_text() == content


def test_lab_hands_the_trace_to_the_notebooks(replaced: Path) -> None:
    (replaced / "x.trace").mkdir()
    with pytest.raises(BecameError) as became:
        lab(Path("x.trace"), port=8_901, open_browser=False)

    assert became.value.environment["WORKBENCH_TRACE"] == str(replaced / "x.trace")
    assert {"--port=8901", "--no-browser", "notebooks/01_incident.ipynb"} <= set(
        became.value.command
    )
    assert (replaced / "notebooks" / "01_incident.ipynb").is_file()


def test_copies_are_written_where_there_are_none(tmp_path: Path) -> None:
    written = copy_out(tmp_path / "examples")

    assert written == sorted((tmp_path / "examples").glob("*.ipynb"))
    assert [path.stem for path in written] == [
        path.stem for path in sorted(shipped("notebooks").glob("*.py"))
    ]


def test_copying_over_anything_is_refused_in_one_line_before_anything_is_written(
    sources: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (sources / "00_none.py").write_text("# %%\n0\n")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "01_one.ipynb").write_text("mine")

    answer = run(capfd, "notebooks", tmp_path / "out")

    assert answer.code == 2
    assert "wanted a folder without 01_one.ipynb" in answer.complaint
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["01_one.ipynb"]
    assert (tmp_path / "out" / "01_one.ipynb").read_text() == "mine"


def test_a_file_is_no_folder_to_copy_into(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(UsageError, match="found a file"):
        copy_out(tmp_path / "out")


def test_lab_without_a_trace_opens_what_it_comes_with(
    replaced: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_TRACE", "/left/over")
    with pytest.raises(BecameError) as became:
        lab()
    assert "WORKBENCH_TRACE" not in became.value.environment
    assert "notebooks/00_quick_tour.ipynb" in became.value.command


def test_lab_keeps_the_token_and_asks_nobody_for_news(
    replaced: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/of/ones/own")
    with pytest.raises(BecameError) as became:
        lab()

    assert not [
        option for option in became.value.command if "token" in option or "password" in option
    ]
    ours, theirs = became.value.environment["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    page = json.loads((Path(ours) / "labconfig" / "page_config.json").read_text())
    assert page["disabledExtensions"] == {"@jupyterlab/apputils-extension:announcements": True}
    assert theirs == "/of/ones/own"


def test_lab_on_no_trace_is_one_line(replaced: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ran = run(capfd, "lab", "nowhere.trace")
    assert ran.code == 2
    assert "nowhere.trace" in ran.complaint
    assert not (replaced / "notebooks").exists()


def sources_of(notebook: Path) -> list[Any]:
    return [cell["source"] for cell in json.loads(notebook.read_text())["cells"]]


def edit(notebook: Path, **fields: Any) -> None:
    document = json.loads(notebook.read_text())
    document["cells"][0] |= fields
    notebook.write_text(json.dumps(document))


def test_a_folder_that_cannot_be_made_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkbenchError, match=r"wanted to write the notebooks to .*name another"):
        copy_out(tmp_path / "file" / "examples")
