"""`python -m datasets FOLDER`: write a dataset, a named incident, or all of them, each with its labels beside it."""

import argparse
import shutil
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from datasets.incidents import INCIDENTS
from datasets.labels import write_labels
from datasets.making import RECORDS, make
from datasets.plantings import LOOK_ALIKES, PLANTINGS
from datasets.story import Told


def main(arguments: Sequence[str]) -> int:
    """Write what is asked for; a trace of that name that is there is replaced."""
    asked = _parser().parse_args(arguments)
    named = {incident.name: incident for incident in INCIDENTS}
    if asked.incident:
        wanted = named if "all" in asked.incident else asked.incident
        unknown = sorted(set(wanted) - named.keys())
        if unknown:
            there = ", ".join(named)
            print(f"wanted an incident, found {unknown[0]!r}; there are {there}", file=sys.stderr)
            return 2
        for name in wanted:
            _write(named[name].told(), asked.folder, name)
        return 0
    told = make(
        asked.kinds,
        asked.look_alikes,
        records=asked.records,
        seed=asked.seed,
        each=asked.each,
    )
    _write(told, asked.folder, asked.name)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m datasets", description=__doc__)
    parser.add_argument("folder", type=Path, help="where NAME.trace and NAME.labels.json go")
    parser.add_argument("--name", default="made", help="of the dataset (default: made)")
    parser.add_argument("--incident", action="append", help="an incident by its name, or all")
    parser.add_argument(
        "--kinds", nargs="*", default=list(PLANTINGS), choices=PLANTINGS, metavar="KIND",
        help="finding kinds to plant (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--look-alikes", nargs="*", default=list(LOOK_ALIKES), choices=LOOK_ALIKES, metavar="KIND",
        help="kinds whose look-alikes to plant (default: all)",
    )  # fmt: skip
    parser.add_argument("--records", type=int, default=RECORDS, help="of ordinary traffic")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=2, help="faults of each kind")
    return parser


def _write(told: Told, folder: Path, name: str) -> None:
    trace = folder / f"{name}.trace"
    folder.mkdir(parents=True, exist_ok=True)
    if trace.exists():
        shutil.rmtree(trace)
    told.write(trace)
    _shrink(trace / "catalog.sqlite")
    write_labels(told.labels, folder / f"{name}.labels.json")
    print(f"{trace}: {len(told.records):,} records, {len(told.labels)} labels")


def _shrink(catalog: Path) -> None:
    """Pages of half a kilobyte instead of four: a table of three rows needs no more."""
    with closing(sqlite3.connect(catalog, isolation_level=None)) as connection:
        for statement in ("journal_mode=delete", "page_size=512"):
            connection.execute(f"pragma {statement}")
        connection.execute("vacuum")
        connection.execute("pragma journal_mode=wal")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
