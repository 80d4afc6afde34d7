"""How long the command line takes to say what it can, against Python starting with nothing to do."""

import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from time import perf_counter
from typing import Any

TIMES = 5
COMMANDS = {
    "--help": ["-m", "workbench", "--help"],
    "import workbench": ["-c", "import workbench"],
}


def run() -> Iterator[dict[str, Any]]:
    """The median wall time of five starts each."""
    python_s = started(["-c", "pass"])
    for name, arguments in COMMANDS.items():
        took_s = started(arguments)
        yield {
            "name": "command_line",
            "command": name,
            "took_s": round(took_s, 3),
            "python_alone_s": round(python_s, 3),
            "ratio": round(took_s / python_s, 1),
        }


def started(arguments: list[str]) -> float:
    """Seconds from the start of a process to its end."""
    took_s = []
    for _ in range(TIMES):
        began = perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        took_s.append(perf_counter() - began)
    return median(took_s)
