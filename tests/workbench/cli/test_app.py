"""Every command has help with an example, is quick to ask, and ends in a way a shell understands."""

import subprocess
import sys

import pytest
import typer

from tests.workbench.cli.running import run
from workbench.cli.app import app

HEAVY = ("boto3", "duckdb", "polars", "pyarrow", "altair", "numpy", "rich.console")


def commands() -> list[tuple[str, ...]]:
    """Every command, those of groups with the group's name before them."""
    group = typer.main.get_command(app)
    found: list[tuple[str, ...]] = []
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found += [(name, each) for each in inner] if inner else [(name,)]
    return found


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_has_help_with_an_example(
    command: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(capfd, *command, "--help")

    assert ran.code == 0
    assert "Example: workbench " + " ".join(command) in " ".join(ran.out.split())


@pytest.mark.parametrize(
    "command", [c for c in commands() if c not in {("policy",), ("lab",)}], ids=" ".join
)
def test_every_command_can_answer_a_program(
    command: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    assert "--json" in run(capfd, *command, "--help").out


def test_an_unknown_command_is_wrong_use(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(capfd, "captur").code == 2


def test_a_missing_argument_is_wrong_use(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(capfd, "info").code == 2


def test_asking_for_help_loads_nothing_heavy() -> None:
    script = (
        "import sys\nfrom workbench.cli.app import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )

    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ran.stderr.strip() == "[]"


def test_a_reader_that_has_enough_gets_no_complaint() -> None:
    command = f"{sys.executable} -m workbench --help | head -1"

    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)

    assert ran.stderr == ""
