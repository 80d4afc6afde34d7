"""Running a command as a shell would, in this process."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from workbench.cli.app import main


@dataclass(frozen=True)
class Ran:
    """What a command left: its code, its standard output and its standard error."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document it must be."""
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line that a failed command says."""
        (line,) = self.err.strip().splitlines()
        assert "Traceback" not in line
        return line


def run(capfd: pytest.CaptureFixture[str], *arguments: object) -> Ran:
    """Run one command."""
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    captured = capfd.readouterr()
    return Ran(int(left.value.code or 0), captured.out, captured.err)
