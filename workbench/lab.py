"""JupyterLab on the notebooks that come with the workbench: built from their sources, never over somebody's edits.

Source: jupytext's percent format (cells begin with `# %%` or `# %% [markdown]`).
"""

import hashlib
import json
import os
import re
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

from workbench.errors import UsageError, WorkbenchError
from workbench.shipped import shipped

TRACE_VARIABLE = "WORKBENCH_TRACE"
"""Environment variable from which the notebooks take the trace they open."""
FOLDER = Path("notebooks")
TOUR, INCIDENT = "00_quick_tour.ipynb", "01_incident.ipynb"
"""What opens without a trace, and on one."""
CELL = re.compile(r"^# %%(.*)$", re.MULTILINE)
STAMP = "workbench_sources"


def lab(trace: Path | None = None, *, port: int | None = None, open_browser: bool = True) -> None:
    """Become JupyterLab, with the notebooks in `notebooks/` of the current folder, opened on the trace.

    Args:
        trace: what the notebooks open; None for the dataset that comes with them.
        port: of JupyterLab; None for its own choice.
        open_browser: False prints the address only. Its token is asked for in either case.

    Raises:
        UsageError: there is no trace at that path.

    Example:
        >>> lab(Path("incident.trace"))  # doctest: +SKIP
    """
    environment = _environment(trace)
    build_notebooks(FOLDER)
    first = TOUR if trace is None else INCIDENT
    command = [sys.executable, "-m", "jupyterlab", str(FOLDER / first)]
    command += [] if port is None else [f"--port={port}", "--ServerApp.port_retries=0"]
    command += [] if open_browser else ["--no-browser"]
    command += (
        ["--allow-root"] if os.geteuid() == 0 else []
    )  # in a container there is nobody else to be
    os.execve(sys.executable, command, environment)


def copy_out(destination: Path) -> list[Path]:
    """Write the notebooks into a folder that has none of them.

    Returns:
        The notebooks' files, in the order of their names.

    Raises:
        UsageError: a file of one of these names is there; nothing was written.

    Example:
        >>> copy_out(Path("examples"))  # doctest: +SKIP
    """
    if destination.exists() and not destination.is_dir():
        raise UsageError(f"wanted a folder for the notebooks, found a file: {destination}")
    for source in _sources():
        if (destination / f"{source.stem}.ipynb").exists():
            raise UsageError(
                f"wanted a folder without {source.stem}.ipynb, found one in {destination}; name another"
            )
    return build_notebooks(destination)


def build_notebooks(destination: Path) -> list[Path]:
    """Write the notebooks; one that has been edited is left as it is, one that was only run may be replaced.

    Returns:
        The notebooks' files, in the order of their names, whether written or left.

    Raises:
        WorkbenchError: the folder cannot be made or written to.

    Example:
        >>> build_notebooks(Path("notebooks"))  # doctest: +SKIP
    """
    try:
        destination.mkdir(parents=True, exist_ok=True)
        return [_build(source, destination) for source in _sources()]
    except OSError as error:
        raise WorkbenchError(
            f"wanted to write the notebooks to {destination}, found: {error.strerror}; name another folder"
        ) from error


def read_percent(text: str) -> dict[str, Any]:
    r"""The notebook that a script in percent format describes.

    Args:
        text: cells begin with `# %%`, markdown cells with `# %% [markdown]` and have every line commented.

    Returns:
        A notebook document of format 4.5 for the `python3` kernel, without outputs; the same for the same text.

    Example:
        >>> [cell["source"] for cell in read_percent("# %% [markdown]\n# Hello\n\n# %%\n1 + 1\n")["cells"]]
        ['Hello', '1 + 1']
    """
    _, *parts = CELL.split(text)
    cells = [
        _cell(number, head.strip(), body.strip("\n"))
        for number, (head, body) in enumerate(zip(parts[::2], parts[1::2], strict=True))
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    metadata = {"kernelspec": kernel, STAMP: _digest(cells)}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _sources() -> list[Path]:
    return sorted(shipped("notebooks").glob("*.py"))


def _cell(number: int, head: str, body: str) -> dict[str, Any]:
    cell = {"id": f"cell-{number}", "metadata": {}}
    if head == "[markdown]":
        source = re.sub(r"^# ?", "", body, flags=re.MULTILINE)
        return cell | {"cell_type": "markdown", "source": source}
    return cell | {"cell_type": "code", "source": body, "execution_count": None, "outputs": []}


def _build(source: Path, destination: Path) -> Path:
    target = destination / f"{source.stem}.ipynb"
    fresh = read_percent(source.read_text("utf-8"))
    if not target.exists() or _is_older(target, fresh):
        target.write_text(json.dumps(fresh, indent=1) + "\n", "utf-8")
    return target


def _is_older(target: Path, fresh: dict[str, Any]) -> bool:
    """Whether it is one of ours that nobody has edited, from other sources than those of today."""
    try:
        there = json.loads(target.read_text("utf-8"))
        stamp, now = there["metadata"].get(STAMP), _digest(there["cells"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return False
    return bool(stamp == now != fresh["metadata"][STAMP])


def _digest(cells: list[dict[str, Any]]) -> str:
    """Of the cells' sources, which a saved notebook has as text or as a list of lines."""
    sources = ("".join(cell["source"]) for cell in cells)
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()


def _environment(trace: Path | None) -> dict[str, str]:
    """Ours, and for JupyterLab the settings beside this module: it asks nobody for news or updates."""
    settings = [str(files("workbench") / "jupyter"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    environment = os.environ | {"JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, settings))}
    environment.pop(TRACE_VARIABLE, None)
    if trace is None:
        return environment
    if not trace.exists():
        raise UsageError(f"wanted a trace at {trace}, found nothing; `workbench capture` makes one")
    return environment | {TRACE_VARIABLE: str(trace.absolute())}
