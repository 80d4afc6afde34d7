"""demo, lab: trying it out, and the notebooks."""

import typer


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
