"""info, coverage, sql, verify, export: what a trace holds, and whether it is whole."""

import shutil
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli.options import AsJson, TracePath
from workbench.cli.terminal import counted, has_colours, print_json, print_table, progress, say

ROWS_SHOWN = 200


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
    app.command(epilog="Example: workbench info incident.trace --json")(info)
    app.command(epilog="Example: workbench coverage incident.trace")(coverage)
    app.command(
        epilog='Example: workbench sql incident.trace "select source_arn, count(*) from records group by all" --json'
    )(sql)
    app.command(epilog="Example: workbench verify incident.trace")(verify)
    app.command(epilog="Example: workbench export incident.trace incident.duckdb")(export)


def info(trace: TracePath, json: AsJson = False) -> None:
    """Say what the trace holds: sources, counts, time, completeness, captures."""
    from workbench.trace import open_trace
    from workbench.trace.sources import source_name

    with open_trace(trace) as opened:
        document = opened.info()
    if json:
        print_json(document)
        return
    columns = (
        "source_arn",
        "records",
        "partitions",
        "body_bytes",
        "first_at",
        "last_at",
        "coverage",
        "holes",
    )
    print_table(
        columns,
        (
            [source_name(source["source_arn"]), *(source[name] for name in columns[1:])]
            for source in document["sources"]
        ),
    )
    settings = ", ".join(f"{name} {path}" for name, path in document["settings"].items()) or "none"
    say(
        f"{document['records']:,} records, {len(document['captures'])} captures and imports; fields: {settings}"
    )


def coverage(
    trace: TracePath,
    every: Annotated[
        bool,
        typer.Option(
            "--all", help="A row for every partition, and every span, not the holes alone."
        ),
    ] = False,
    json: AsJson = False,
) -> int:
    """Draw which spans were read and which were not, and say why and what to do; exit 3 with holes."""
    from workbench.trace import open_trace

    with open_trace(trace) as opened:
        spans = opened.coverage().to_dicts()
    if json:
        print_json(spans)
    else:
        _draw_coverage(spans, every)
    return 3 if any(span["state"] == "hole" for span in spans) else 0


def _draw_coverage(spans: list[dict[str, Any]], every: bool) -> None:
    from workbench.cli.timeline import Look, draw, span_rows, speaks_unicode

    if not spans:
        say("no coverage: nothing is known to have been read")
        return
    look = Look(
        width=shutil.get_terminal_size((120, 24)).columns if sys.stdout.isatty() else 120,
        unicode=speaks_unicode(sys.stdout.encoding),
        coloured=has_colours(),
        every=every,
    )
    print("\n".join(draw(spans, look)))
    holes = [span for span in spans if span["state"] == "hole"]
    listed = spans if every else holes
    if listed:
        columns = ["source", "partition", "what", "from", "to", "length", "what to do"]
        print_table(columns, span_rows(listed, spans, every))
    partitions = {(span["source_arn"], span["partition_id"]) for span in spans}
    say(f"{counted(len(partitions), 'partition')}, {counted(len(holes), 'hole')}")


def sql(
    trace: TracePath,
    statement: Annotated[
        str, typer.Argument(help="DuckDB SQL over records, coverage, resources, runs, outcomes …")
    ],
    json: AsJson = False,
) -> None:
    """Ask the trace anything; `field(body, '$.order.id')` takes a payload apart as a handler would."""
    from workbench.trace import open_trace

    with open_trace(trace) as opened:
        frame = opened.sql(statement)
    if json:
        print_json(frame.to_dicts())
        return
    print_table(frame.columns, frame.head(ROWS_SHOWN).iter_rows())
    if frame.height > ROWS_SHOWN:
        say(f"{ROWS_SHOWN} of {frame.height:,} rows shown; --json gives all")


def verify(trace: TracePath, json: AsJson = False) -> int:
    """Prove the trace whole: sha256 and rows of each segment, and no position ahead of its data."""
    from workbench.trace.verify import verify as run

    with progress("verified") as shown:
        task = shown.add_task("segments", total=None) if shown else None
        verified = run(
            trace,
            lambda done, of: (
                shown.update(task, completed=done, total=of) if shown and task is not None else None
            ),
        )
    if json:
        print_json(verified.document())
    else:
        for problem in verified.problems:
            say(f"workbench: {problem}")
        say(
            f"{verified.segments:,} segments, {verified.rows:,} rows, {verified.bytes:,} bytes: "
            + (f"{len(verified.problems)} problems" if verified.problems else "whole")
            + (
                f"; {verified.orphans} files of interrupted commits, harmless"
                if verified.orphans
                else ""
            )
            + (f"; {verified.retired} files kept for older readers" if verified.retired else "")
        )
    return 1 if verified.problems else 0


def export(
    trace: TracePath,
    output: Annotated[Path, typer.Argument(metavar="FILE", help="A new .duckdb file.")],
    json: AsJson = False,
) -> None:
    """Seal the trace into one DuckDB file that any DuckDB shell, and this workbench, can open."""
    from workbench.trace import open_trace
    from workbench.trace.export import export as run

    with open_trace(trace) as opened:
        file = run(opened, output)
        records = opened.info()["records"]
    if json:
        print_json({"file": str(file), "bytes": file.stat().st_size, "records": records})
    else:
        say(f"{records:,} records in {file}, {file.stat().st_size:,} bytes")
