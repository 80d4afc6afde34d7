"""purge, compact, and the options that say what of a payload is kept, and for how long."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import (
    AsJson,
    EventTimeOption,
    KeyOption,
    SequenceOption,
    SourceOption,
)
from workbench.cli.terminal import counted, print_json, print_table, progress, say
from workbench.errors import UsageError

if TYPE_CHECKING:
    from workbench.trace.redaction.redactor import Redactor

RedactOption = Annotated[
    str | None,
    typer.Option(
        "--redact",
        metavar="PROFILE",
        help="Redact before anything is stored: detect, allowlist:$.path,… or a profile's file.",
    ),
]
RedactKeyOption = Annotated[
    Path | None,
    typer.Option(
        "--redact-key",
        metavar="FILE",
        help="Key of the tokens, outside the trace; made on first use. Default: your own.",
    ),
]
RetentionOption = Annotated[
    str | None,
    typer.Option(
        "--retention",
        metavar="AGE",
        help="Keep deliveries so long (7d); what is older is purged when a capture starts.",
    ),
]
AS_RECEIVED = "payloads are stored as received; --redact detect keeps secrets and personal data out"


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
    app.command(epilog="Example: workbench purge incident.trace --before 7d")(purge)
    app.command(epilog="Example: workbench compact incident.trace --key $.order.id")(compact)


def purge(
    trace: Annotated[Path, typer.Argument(metavar="TRACE", help="A trace folder.")],
    source: SourceOption = None,
    before: Annotated[
        str | None,
        typer.Option(
            "--before",
            metavar="WHEN",
            help="Older than an instant (2026-11-20T10:00Z) or age (7d).",
        ),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            "--where",
            metavar="EXPR",
            help="For which this holds, such as field(body, '$.customer') = 'c-17'.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    json: AsJson = False,
) -> None:
    """Erase deliveries for good, with what quotes them; backups and exported files are out of reach."""
    from workbench.trace import open_trace
    from workbench.trace.instants import parse_since
    from workbench.trace.purge import Asked
    from workbench.trace.purge import purge as run
    from workbench.trace.sources import source_in_trace, source_name

    now = datetime.now(UTC)
    if source is None and before is None and where is None:
        raise UsageError(
            "wanted --source, --before or --where, found none; --before 0s purges everything"
        )
    instant = parse_since(before, now) if before else None
    arn = None
    if source is not None:
        with open_trace(trace) as opened:
            arn = source_in_trace(opened, source)
    purged = run(trace, Asked(arn, instant, where), now=now, dry_run=dry_run)
    if json:
        print_json(purged.document())
        return
    rows = ([source_name(arn), count] for arn, count in purged.sources.items())
    print_table(["source", "deliveries"], rows)
    what = "would be purged" if dry_run else "purged; they are erased"
    say(f"{purged.rows:,} deliveries {what}, {purged.runs} replays that quote them are emptied")


def compact(
    trace: Annotated[Path, typer.Argument(metavar="TRACE", help="A trace folder.")],
    key: KeyOption = None,
    sequence: SequenceOption = None,
    event_time: EventTimeOption = None,
    json: AsJson = False,
) -> None:
    """Merge small segments into large ones; fields named here are remembered, and asking by them becomes cheap.

    A capture may run meanwhile. The merged files go an hour later, with the next compaction.
    """
    from workbench.trace.compaction import compact as run

    fields = {"key": key, "sequence": sequence, "event_time": event_time}
    with progress("merged") as shown:
        task = shown.add_task("segments", total=None) if shown else None
        compacted = run(
            trace,
            now=lambda: datetime.now(UTC),
            fields=fields,
            progress=lambda done, of: (
                shown.update(task, completed=done, total=of) if shown and task is not None else None
            ),
        )
    if json:
        print_json(compacted.document())
        return
    say(
        f"{counted(compacted.segments_before, 'segment')} before, {compacted.segments_after:,} now; "
        f"{counted(compacted.rows, 'row')} written anew"
    )


def redactor_of(redact: str | None, key: Path | None, trace: Path) -> "Redactor | None":
    """The redactor that the options name; None: payloads are stored as received."""
    from workbench.trace.redaction.redactor import open_redactor

    return open_redactor(redact, key, trace) if redact is not None else None


def storing_lines(redactor: "Redactor | None", trace: Path) -> list[str]:
    """What to say before payloads are stored as received, or otherwise than the trace's last ones."""
    from workbench.trace.redaction.account import change_of_redaction

    changed = change_of_redaction(trace, redactor.described if redactor else None)
    lines = [AS_RECEIVED] if redactor is None else []
    return [*lines, changed] if changed else lines


def retain(trace: Path, retention: str | None, now: datetime) -> None:
    """Note how long the trace keeps its deliveries, and purge what is older."""
    from workbench.trace.purge import apply_retention, keep_for

    if retention is not None:
        keep_for(trace, retention, now=now)
    purged = apply_retention(trace, now=now)
    if purged and purged.rows:
        say(f"workbench: {purged.rows:,} deliveries are older than {trace} keeps; they were purged")
