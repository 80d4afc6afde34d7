"""demo: the whole job on a local AWS, in one command."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import AsJson
from workbench.cli.terminal import print_json, print_table, say

if TYPE_CHECKING:
    from workbench.demo.investigate import Investigated

DEMO = Path("demo")


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
    app.command(epilog="Example: workbench demo")(demo)


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where trace, handlers and report go.")
    ] = DEMO,
    lab: Annotated[
        bool, typer.Option("--lab", help="Open the notebook on the trace at the end.")
    ] = False,
    json: AsJson = False,
) -> int:
    """Run an order system with planted faults on a local AWS; capture, find, replay, plan, report."""
    from workbench.demo.investigate import investigate
    from workbench.demo.record import record_demo

    trace, planted = record_demo(folder, say)
    found = investigate(trace, planted, say)
    if json:
        print_json(found.document())
    else:
        _print(found, folder)
    if lab:
        from workbench.lab import lab as open_lab

        open_lab(trace)
    return 1 if found.score.missed or found.score.unplanted else 0


def _print(found: "Investigated", folder: Path) -> None:
    document = found.document()
    rows = (
        (
            fault["kind"],
            fault["source"],
            fault["subject"],
            fault["what"],
            "found" if fault["found"] else "MISSED",
        )
        for fault in document["planted"]
    )
    print_table(["planted", "where", "what it is about", "what was done", "found"], rows)
    for kind, source, subject in found.score.unplanted:
        say(f"found and not planted: {kind} in {source}: {subject}")
    for handler, run in zip(("charge.py", "charge_fixed.py"), found.runs, strict=True):
        counts = ", ".join(
            f"{count} {name}" for name, count in run["records"].items() if count and name != "total"
        )
        say(f"dead-letter queue through {handler}: {counts} (isolation {run['isolation']['tier']})")
    now, even = (found.shards[layout]["shards"] for layout in ("current", "uniform"))
    say(f"shards: {now} now, {even} would hold every second of this traffic")
    say(f"report: {found.report}")
    workbench = "uv run workbench" if "UV" in os.environ else "workbench"  # as the person got here
    fixed = folder / "charge_fixed.py"
    say("next, for example:")
    say(f"  {workbench} find {found.trace} --only sequence_gap,inversion")
    say(f"  {workbench} replay {found.trace} {fixed}:handle --source sqs:orders-dlq")
    say(f"  {workbench} lab {found.trace}")
