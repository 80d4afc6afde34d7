"""contrast, story: what sets some records apart, and what one key went through."""

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import AsJson, KeyOption, SetOption, TracePath, thresholds_of
from workbench.cli.terminal import print_json, print_table, say

if TYPE_CHECKING:
    from workbench.findings import Finding

SHOWN = 20


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
    app.command(epilog='Example: workbench contrast incident.trace "receive_count > 1"')(contrast)
    app.command(epilog="Example: workbench story incident.trace order-0007 --key '$.order_id'")(
        story
    )


def contrast(
    trace: TracePath,
    selection: Annotated[
        str,
        typer.Argument(
            metavar="SELECTION", help="SQL over `records`, or a finding kind: redelivery."
        ),
    ],
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            metavar="SQL",
            help="What to compare with; all other records of the same sources when left out.",
        ),
    ] = None,
    key: KeyOption = None,
    set_: SetOption = None,
    json: AsJson = False,
) -> None:
    """Rank what sets the selected records apart: payload fields, partition, group, attributes, version, memory."""
    from workbench.errors import UsageError
    from workbench.explain import contrast as run
    from workbench.findings import DETECTORS, find
    from workbench.trace import open_trace

    with open_trace(trace) as opened:
        selected: str | Finding = selection
        if selection in DETECTORS:
            found = list(find(opened, only=[selection], key=key))
            if not found:
                raise UsageError(f"wanted a finding of {selection} to select by, found none")
            largest = max(found, key=lambda each: each.count)
            selected = largest
            say(f"selected: {largest.summary}")
        rows = run(opened, selected, baseline, thresholds=thresholds_of(set_))
    if json:
        print_json(rows.to_dicts())
        return
    differing = rows.filter(rows["differs"])
    print_table(
        ["dimension", "effect", "q", "most telling", "selected", "others"],
        (
            [
                row["dimension"],
                f"{row['effect']:.2f}",
                f"{row['q']:.1e}",
                row["value"] if row["value"] is not None else "(median)",
                _shown(row["selection_share"], row["selection_median"]),
                _shown(row["baseline_share"], row["baseline_median"]),
            ]
            for row in differing.head(SHOWN).iter_rows(named=True)
        ),
    )
    say(f"{differing.height} of {rows.height} dimensions differ")


def _shown(share: float | None, median: float | None) -> str:
    return f"{share:.0%}" if share is not None else f"{median:g}"


def story(
    trace: TracePath,
    value: Annotated[
        str,
        typer.Argument(metavar="KEY", help="A business key, or the id of a record or a request."),
    ],
    key: KeyOption = None,
    json: AsJson = False,
) -> None:
    """Tell what one key went through: publish, queues, requests, changes, messages sent on, and the waits between."""
    from workbench.explain import story as run
    from workbench.trace import open_trace
    from workbench.trace.sources import source_name

    with open_trace(trace) as opened:
        told = run(opened, value, key=key)
    if json:
        print_json(told.to_frame().to_dicts())
    else:
        print_table(
            ["", "at", "what", "where", "waited", "after", "known by", "detail"],
            (
                [
                    step.step,
                    step.at,
                    step.what,
                    source_name(step.source_arn),
                    "" if step.wait_ms is None else f"{step.wait_ms:,} ms",
                    step.after or "",
                    step.link,
                    step.detail,
                ]
                for step in told.steps
            ),
            title=told.value,
        )
    for remark in told.remarks:
        say(remark)
