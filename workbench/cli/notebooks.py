"""lab, notebooks: the notebooks that come with the workbench, opened on a trace or copied out."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.options import AsJson
from workbench.cli.terminal import print_json, say


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
    app.command(epilog="Example: workbench lab incident.trace")(lab)
    app.command(epilog="Example: workbench notebooks examples")(notebooks)


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


def notebooks(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Made where it is not there.")],
    json: AsJson = False,
) -> None:
    """Copy the notebooks out as .ipynb, to keep and to change; nothing that is there is written over."""
    from workbench.lab import copy_out

    written = copy_out(folder)
    if json:
        print_json([str(path) for path in written])
    else:
        for path in written:
            print(path)
        say(f"open them with: jupyter lab {folder}, or workbench lab")
