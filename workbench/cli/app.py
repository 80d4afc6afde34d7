"""The application: commands by room, and what every ending means to a shell."""

import sys
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from connectors.errors import ConnectorError
from workbench.cli import (
    account,
    capturing,
    comparing,
    deciding,
    demonstrating,
    explaining,
    finding,
    importing,
    keeping,
    measuring,
    notebooks,
    permitting,
    quotas,
    reading,
    replaying,
    shrinking,
    tailing,
    tuning,
)
from workbench.cli.interrupts import Interrupted
from workbench.cli.terminal import say
from workbench.errors import UsageError, WorkbenchError

FAILED, WRONG_USE, INTERRUPTED = 1, 2, 130

app = typer.Typer(
    name="workbench",
    help="Capture AWS event traffic, see what went wrong, replay it against new code, tune what carries it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="First try: workbench demo",
)
for room in (
    demonstrating,
    capturing,
    comparing,
    tailing,
    importing,
    notebooks,
    reading,
    finding,
    explaining,
    measuring,
    replaying,
    shrinking,
    deciding,
    permitting,
    tuning,
    quotas,
    keeping,
    account,
):
    room.add_to(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its code.

    0 done · 1 failed, one line says what was wanted, found, and what to do · 2 wrong use · 3 done but incomplete ·
    130 interrupted, nothing lost.
    """
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = app(args=arguments, standalone_mode=False, prog_name="workbench")
    except TyperException as error:
        error.show()  # type: ignore[attr-defined]  # typer hides the class that declares it
        return WRONG_USE
    except Interrupted as interrupted:
        say(f"workbench: {interrupted}")
        return INTERRUPTED
    except UsageError as error:
        say(f"workbench: {error}")
        return WRONG_USE
    except (ConnectorError, WorkbenchError) as error:
        say(f"workbench: {error}")
        return FAILED
    if code == INTERRUPTED:
        say("workbench: interrupted; what was done is kept")
    return code if isinstance(code, int) else 0
