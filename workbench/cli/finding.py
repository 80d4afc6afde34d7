"""find, report: what went wrong, on the terminal and as a page to hand on."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import AsJson, SinceOption, SourceOption, TracePath, UntilOption
from workbench.cli.terminal import print_json, print_table, say

if TYPE_CHECKING:
    from workbench.findings import Findings
    from workbench.trace import Trace
    from workbench.tune import ShardPlan

Key = Annotated[
    str | None,
    typer.Option("--key", metavar="JSONPATH", help="Business key in the payload: $.order.id"),
]
Sequence = Annotated[
    str | None,
    typer.Option(
        "--sequence",
        metavar="JSONPATH",
        help="Whole number that counts up per key: $.order.version",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
    app.command(
        epilog="Example: workbench find incident.trace --key '$.order_id' --sequence '$.version'"
    )(find)
    app.command(epilog="Example: workbench report incident.trace -o report.html")(report)


def find(
    trace: TracePath,
    key: Key = None,
    sequence: Sequence = None,
    only: Annotated[str, typer.Option("--only", metavar="KIND,…", help="Only these kinds.")] = "",
    source: SourceOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="Instances listed per finding; all are counted.")
    ] = 100,
    json: AsJson = False,
) -> None:
    """Name duplicates, losses, wrong order and hot keys, each with the rows that prove it and its SQL."""
    from workbench.findings import find as run
    from workbench.trace import open_trace
    from workbench.trace.instants import parse_since

    now = datetime.now(UTC)
    with open_trace(trace) as opened:
        findings = run(
            opened,
            key=key,
            sequence=sequence,
            only=[kind.strip() for kind in only.split(",") if kind.strip()],
            source=source,
            since=parse_since(since, now) if since else None,
            until=parse_since(until, now) if until else None,
            limit=limit,
        )
    if json:
        print_json(findings.documents())
    else:
        _print_findings(findings)
    for remark in findings.remarks:
        say(remark)


def report(
    trace: TracePath,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The HTML file.")
    ] = Path("report.html"),
    key: Key = None,
    sequence: Sequence = None,
    json: AsJson = False,
) -> None:
    """Write one offline HTML page: what was captured and what was not, findings with witnesses, replays, shards."""
    from workbench.findings import find as run
    from workbench.report import report as write
    from workbench.trace import open_trace

    with open_trace(trace) as opened:
        findings = run(opened, key=key, sequence=sequence)
        file = write(opened, findings, output, shard_plans=_shard_plans(opened))
    if json:
        print_json(
            {"file": str(file), "bytes": Path(file).stat().st_size, "findings": len(findings)}
        )
    else:
        say(f"{len(findings)} findings in {file}")


def _print_findings(findings: "Findings") -> None:
    from workbench.trace.sources import source_name

    rows = (
        (
            finding.kind,
            source_name(finding.source_arn),
            finding.count,
            f"{finding.confidence:.0%}",
            finding.coverage,
            finding.summary + "".join(f" ({note})" for note in finding.notes),
        )
        for finding in findings
    )
    print_table(["kind", "source", "count", "sure", "coverage", "what"], rows)
    if not len(findings):
        say("nothing found")


def _shard_plans(trace: "Trace") -> "list[ShardPlan]":
    """A plan for each stream whose records have keys; a stream without any has none."""
    from workbench import tune
    from workbench.errors import UsageError

    streams = trace.sql(
        "select distinct source_arn from records where service = 'aws:kinesis' order by 1"
    )
    plans: list[ShardPlan] = []
    for arn in streams["source_arn"]:
        try:
            plans.append(tune.shards(trace, source=arn))
        except UsageError as reason:
            say(f"no shard plan for {arn}: {reason}")
    return plans
