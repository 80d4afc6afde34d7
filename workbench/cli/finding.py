"""find, report: what went wrong, on the terminal and as a page to hand on."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import (
    AsJson,
    EventTimeOption,
    KeyOption,
    SequenceOption,
    SetOption,
    SinceOption,
    SourceOption,
    TracePath,
    UntilOption,
    thresholds_of,
)
from workbench.cli.terminal import print_json, print_table, progress, say

if TYPE_CHECKING:
    from workbench.findings import Findings
    from workbench.trace import Trace
    from workbench.tune import ShardPlan


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
    app.command(
        epilog="Example: workbench find incident.trace --key '$.order_id' --sequence '$.version'"
    )(find)
    app.command(epilog="Example: workbench kinds redelivery hot_key")(kinds)
    app.command(epilog="Example: workbench report incident.trace -o report.html")(report)


def find(
    trace: TracePath,
    key: KeyOption = None,
    sequence: SequenceOption = None,
    event_time: EventTimeOption = None,
    only: Annotated[str, typer.Option("--only", metavar="KIND,…", help="Only these kinds.")] = "",
    source: SourceOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="Instances listed per finding; all are counted.")
    ] = 100,
    set_: SetOption = None,
    json: AsJson = False,
) -> None:
    """Name duplicates, losses, wrong order and sick consumers, each with the rows that prove it and its SQL."""
    from workbench.findings import DETECTORS
    from workbench.findings import find as run
    from workbench.trace import open_trace
    from workbench.trace.instants import parse_since

    now = datetime.now(UTC)
    kinds = [kind.strip() for kind in only.split(",") if kind.strip()]
    with open_trace(trace) as opened, progress("looking for") as shown:
        task = shown.add_task("", total=len(kinds or DETECTORS)) if shown else None

        def tell(kind: str) -> None:
            if shown is not None and task is not None:
                shown.update(task, description=kind, advance=1)

        findings = run(
            opened,
            key=key,
            sequence=sequence,
            event_time=event_time,
            only=kinds,
            source=source,
            since=parse_since(since, now) if since else None,
            until=parse_since(until, now) if until else None,
            limit=limit,
            thresholds=thresholds_of(set_),
            on_kind=tell,
        )
    if json:
        print_json(findings.documents())
    else:
        _print_findings(findings)
    for remark in findings.remarks:
        say(remark)


def kinds(
    kind: Annotated[
        list[str] | None, typer.Argument(metavar="KIND", help="Only these; all when left out.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Say what each finding kind is, what it must not be taken for, and which thresholds decide."""
    from workbench.errors import UsageError
    from workbench.findings import DETECTORS

    unknown = [each for each in kind or () if each not in DETECTORS]
    if unknown:
        raise UsageError(
            f"wanted a finding kind, found {unknown[0]!r}; there are {', '.join(DETECTORS)}"
        )
    told = [DETECTORS[name] for name in DETECTORS if not kind or name in kind]
    if json:
        print_json(
            [
                {
                    "kind": each.kind,
                    "definition": each.definition,
                    "not_to_confuse": list(each.not_to_confuse),
                    "needs": list(each.needs),
                    "thresholds": [asdict(threshold) for threshold in each.thresholds],
                }
                for each in told
            ]
        )
        return
    for each in told:
        print_table(
            ["", ""],
            [
                ["is", each.definition],
                *(["is not", look_alike] for look_alike in each.not_to_confuse),
                *(["needs", f"--{name.replace('_', '-')}"] for name in each.needs),
                *(["--set", f"{t.name}={t.default}  ({t.reason})"] for t in each.thresholds),
            ],
            title=each.kind,
        )


def report(
    trace: TracePath,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The HTML file.")
    ] = Path("report.html"),
    key: KeyOption = None,
    sequence: SequenceOption = None,
    tune: Annotated[
        list[str] | None,
        typer.Option(
            "--tune", metavar="SOURCE", help="Say how its mapping should be set; may be repeated."
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Write one offline HTML page: what was captured and what was not, findings, replays, and how to tune."""
    from workbench.findings import find as run
    from workbench.report import report as write
    from workbench.trace import open_trace
    from workbench.tune import mapping as tune_mapping
    from workbench.tune import visibility as tune_visibility

    with open_trace(trace) as opened:
        findings = run(opened, key=key, sequence=sequence)
        file = write(
            opened,
            findings,
            output,
            shard_plans=_shard_plans(opened),
            mapping_advice=[tune_mapping(opened, source) for source in tune or ()],
            visibility_advice=[
                tune_visibility(opened, source) for source in tune or () if _is_queue(source)
            ],
        )
    if json:
        print_json(
            {"file": str(file), "bytes": Path(file).stat().st_size, "findings": len(findings)}
        )
    else:
        say(f"{len(findings)} findings in {file}")


def _is_queue(source: str) -> bool:
    return source.startswith(("sqs:", "arn:aws:sqs:"))


def _print_findings(findings: "Findings") -> None:
    from workbench.trace.sources import source_name

    rows = (
        (
            finding.kind,
            source_name(finding.source_arn),
            finding.count,
            f"{finding.confidence:.0%}",
            finding.coverage,
            ("" if finding.severity == "fault" else f"{finding.severity}: ")
            + finding.summary
            + "".join(f" ({note})" for note in finding.notes),
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
