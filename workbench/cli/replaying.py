"""replay, compare: what a handler does with the captured traffic."""

import typer


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
