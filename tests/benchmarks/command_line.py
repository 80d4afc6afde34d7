"""How long a person waits for `workbench --help`, against a Python that does nothing."""

import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from time import perf_counter
from typing import Any

TIMES = 5
WANTED_S = 0.5
COMMANDS = (["--help"], ["find", "--help"])


def run() -> Iterator[dict[str, Any]]:
    """Median seconds of each command; `ratio` is to starting Python alone."""
    nothing_s = waited_s(["-c", ""])
    for arguments in COMMANDS:
        took_s = waited_s(["-m", "workbench", *arguments])
        yield {
            "name": "command_line",
            "command": " ".join(["workbench", *arguments]),
            "took_s": round(took_s, 3),
            "python_alone_s": round(nothing_s, 3),
            "wanted_s": WANTED_S,
            "ratio": round(took_s / nothing_s, 1),
        }


def waited_s(arguments: list[str]) -> float:
    """Median of five, the first start apart: it reads files that the disk has yet to give."""
    times = []
    for _ in range(TIMES + 1):
        began = perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        times.append(perf_counter() - began)
    return median(times[1:])
