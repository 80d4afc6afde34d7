"""Notebooks and sample traces that come with the workbench, and JupyterLab opened on them."""

import os
import sys
from importlib.resources import files
from pathlib import Path
from typing import Literal, NoReturn

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from workbench.errors import TraceError, WorkbenchError

TRACE = "WORKBENCH_TRACE"
"""Environment variable: the trace that notebooks open instead of the sample."""
FOLDER = Path("workbench-notebooks")
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def shipped(kind: Literal["datasets", "notebooks"]) -> Path:
    """The folder of what comes along: inside an installed package, or at the root of a source checkout.

    Raises:
        WorkbenchError: neither is there.

    Example:
        >>> shipped("notebooks").name
        'notebooks'
    """
    package = Path(str(files("workbench")))
    for folder in (package / "_shipped" / kind, package.parent / kind):
        if folder.is_dir():
            return folder
    raise WorkbenchError(
        f"wanted the {kind} that come with the workbench, found none; install it again"
    )


def dataset(name: str) -> Path:
    """The sample trace of that name; in a JupyterLab that was opened on a trace, that trace.

    Raises:
        TraceError: no sample has that name; the message lists what there is.

    Example:
        >>> wb.open(dataset("orders"))  # doctest: +SKIP
    """
    if chosen := os.environ.get(TRACE):
        return Path(chosen)
    folder = shipped("datasets")
    if (folder / f"{name}.trace").is_dir():
        return folder / f"{name}.trace"
    there = ", ".join(sorted(path.stem for path in folder.glob("*.trace"))) or "none"
    raise TraceError(f"wanted a sample trace, found none named {name!r}; there are {there}")


def build_notebooks(destination: Path) -> list[Path]:
    """Put the notebooks there, made from their sources; one that is there already is left as it is.

    Args:
        destination: folder, made when it is not there.

    Returns:
        The notebooks there, in the order of their names.

    Raises:
        WorkbenchError: the folder cannot be written.

    Example:
        >>> build_notebooks(Path("notebooks"))  # doctest: +SKIP
    """
    sources = sorted(shipped("notebooks").glob("*.py"))
    try:
        destination.mkdir(parents=True, exist_ok=True)
        return [_build(source, destination / f"{source.stem}.ipynb") for source in sources]
    except OSError as error:
        raise WorkbenchError(
            f"cannot write notebooks to {destination}: {error.strerror}; go to another folder"
        ) from error


def read_percent(source: str) -> nbformat.NotebookNode:
    r"""The notebook that a source in percent format describes: `# %%` begins code, `# %% [markdown]` begins text.

    Example:
        >>> [cell.source for cell in read_percent("# %% [markdown]\n# Hello\n# %%\n1 + 1\n").cells]
        ['Hello', '1 + 1']
    """
    cells = [_cell(part, place) for place, part in enumerate(f"\n{source}".split("\n# %%")[1:])]
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL})  # type: ignore[no-untyped-call]


def lab(trace: Path | None = None, *, port: int = 8888, open_browser: bool = True) -> NoReturn:
    """Become JupyterLab, in the folder of the notebooks, on the first of them; its token stays as it is.

    Args:
        trace: what the notebooks open; None for the sample.
        port: where it listens, on this machine only; the next free one when taken.
        open_browser: show it in a browser.

    Raises:
        TraceError: no trace there.
        WorkbenchError: the notebooks cannot be written.
    """
    if trace is not None and not trace.exists():
        raise TraceError(f"wanted a trace, found nothing at {trace}")
    notebooks = build_notebooks(FOLDER)
    environment = {name: value for name, value in os.environ.items() if name != TRACE}
    if trace is not None:
        environment[TRACE] = str(trace.resolve())
    sys.stdout.flush()
    os.execve(sys.executable, lab_command(notebooks[0], port, open_browser), environment)


def lab_command(notebook: Path, port: int, open_browser: bool) -> list[str]:
    """The command that starts JupyterLab on a notebook: loopback only, token kept, no news and no update looked up."""
    return [
        sys.executable,
        "-m",
        "jupyterlab",
        str(notebook),
        "--ip=127.0.0.1",
        f"--port={port}",
        f"--ServerApp.open_browser={open_browser}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]


def _build(source: Path, notebook: Path) -> Path:
    if not notebook.exists():
        text = nbformat.writes(read_percent(source.read_text("utf-8")))  # type: ignore[no-untyped-call]
        notebook.write_text(f"{text}\n", "utf-8")
    return notebook


def _cell(part: str, place: int) -> nbformat.NotebookNode:
    """One cell; its id is its place, so that the same source gives the same notebook."""
    head, _, text = part.partition("\n")
    known = {"id": f"cell-{place}"}
    if head.strip() != "[markdown]":
        return new_code_cell(text.strip("\n"), **known)  # type: ignore[no-untyped-call]
    lines = (line.removeprefix("#").removeprefix(" ") for line in text.strip("\n").split("\n"))
    return new_markdown_cell("\n".join(lines), **known)  # type: ignore[no-untyped-call]
