"""lab: the notebooks, opened on a trace."""

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
    app.command(epilog="Example: workbench lab incident.trace")(lab)


def lab(
    trace: Annotated[
        Path | None,
        typer.Argument(metavar="[TRACE]", help="What the notebooks open; else a dataset of ours."),
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Of JupyterLab, on this machine only.")
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address and open nothing.")
    ] = False,
) -> None:
    """Open JupyterLab with the workbench's notebooks; a notebook that you edited is never overwritten."""
    from workbench.lab import lab as become_lab

    become_lab(trace, port=port, open_browser=not no_browser)
