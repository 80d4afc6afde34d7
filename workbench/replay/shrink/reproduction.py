"""What is left of a failure, to keep: a test with its events, and commands that send the records once more."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from workbench.replay.engine.invocation import Item
from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.sending import QUEUE_URL, STREAM_NAME, Sending, sending

_TEMPLATE = "reproduction_test.py.txt"


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A failure without the trace that it was found in."""

    spec: HandlerSpec
    signature: str
    events: tuple[str, ...]
    """As they were handed over, up to the one that failed."""
    reports_failures: bool
    sendings: tuple[Sending, ...]

    @classmethod
    def of(
        cls,
        spec: HandlerSpec,
        signature: str,
        items: Sequence[Item],
        events: Sequence[str],
        reports_failures: bool,
    ) -> "Reproduction":
        """From the records that are left, and the events that they made."""
        sent = tuple(sending(item, f"record-{number}") for number, item in enumerate(items, 1))
        return cls(spec, signature, tuple(events), reports_failures, sent)

    def save(self, folder: Path) -> list[Path]:
        """Write `test_….py`, `….events.json` and `….sh` with its files; where a name is taken the next is used."""
        folder.mkdir(parents=True, exist_ok=True)
        name = self._free_name(folder)
        written = {
            f"test_{name}.py": self._test(folder, name).encode(),
            f"{name}.events.json": f"[{', '.join(self.events)}]\n".encode(),
            f"{name}.sh": self._commands(name).encode(),
        }
        for each in self.sendings:
            written |= {f"{name}.{file}": content for file, content in each.files.items()}
        for file, content in written.items():
            (folder / file).write_bytes(content)
        return [folder / file for file in written]

    def _free_name(self, folder: Path) -> str:
        stem = f"{self.spec.module}_{self.spec.function}".replace(".", "_")
        names = (f"{stem}{number or ''}" for number in range(1_000_000))
        return next(name for name in names if not (folder / f"test_{name}.py").exists())

    def _test(self, folder: Path, name: str) -> str:
        place = self.spec.file or self.spec.folder
        told = {
            "@HANDLER@": self.spec.text,
            "@SIGNATURE@": self.signature,
            "@CODE@": os.path.relpath(place, folder.resolve()),
            "@EVENTS@": f"{name}.events.json",
            "@MODULE@": self.spec.module,
            "@FUNCTION@": self.spec.function,
        }
        text = files(__package__).joinpath(_TEMPLATE).read_text("utf-8")
        for word, value in told.items():
            # JSON of ASCII characters is a literal of Python, whatever a handler put into its error.
            text = text.replace(word, json.dumps(value))
        return text.replace("@NAME@", name).replace("@REPORTS@", str(self.reports_failures))

    def _commands(self, name: str) -> str:
        lines = (
            "#!/bin/sh",
            "# Sends the records once more. Read it before you run it: they are production's.",
            f"# Set {QUEUE_URL[1:]} or {STREAM_NAME[1:]} first, to one of a test account.",
            "set -eu",
            'cd "$(dirname "$0")"',
            *(_beside(each, name) for each in self.sendings),
        )
        return "\n".join(lines) + "\n"


def _beside(each: Sending, name: str) -> str:
    """The command, its files called as they are beside it."""
    command = each.command
    for file in each.files:
        command = command.replace(f"://{file}", f"://{name}.{file}")
    return command
