"""lab: the notebooks, in JupyterLab."""

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
    app.command(epilog="Example: workbench lab incident.trace")(lab)


def lab(
    trace: Annotated[
        Path | None,
        typer.Argument(
            metavar="[TRACE]", help="What the notebooks open; else the data they come with."
        ),
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65_535, help="Port of JupyterLab.")
    ] = None,
    browser: Annotated[
        bool,
        typer.Option("--browser/--no-browser", help="Open a browser, or print the address only."),
    ] = True,
) -> None:
    """Open JupyterLab with the notebooks, which are put into notebooks/ here unless you have edited them there."""
    from workbench.lab import lab as become_lab

    become_lab(trace, port=port, open_browser=browser)
