"""tail: live lines of any source, out of a capture that can be kept."""

from collections.abc import Sequence
from contextlib import closing, nullcontext
from datetime import datetime
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.account import (
    AssumeRole,
    Endpoint,
    ModeOption,
    Profile,
    Region,
    Sources,
    access_to,
)
from workbench.cli.capturing import ForOption, judge
from workbench.cli.interrupts import Interrupted, stopping_after, stopping_on_signals
from workbench.cli.keeping import RedactKeyOption, RedactOption, redactor_of, storing_lines
from workbench.cli.line_output import LineOutput
from workbench.cli.opening import Asked, budgets_of, clock
from workbench.cli.options import SinceOption
from workbench.cli.terminal import counted, say

if TYPE_CHECKING:
    from connectors import Connector
    from workbench.tail.session import Tailed


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
    app.command(
        "tail",
        epilog="Example: workbench tail kinesis:orders lambda:charge --since 10m --where '$.order.id == 42'",
    )(tail)


def tail(
    sources: Sources,
    since: SinceOption = None,
    where: Annotated[
        str | None,
        typer.Option(
            "--where",
            metavar="CONDITION",
            help="Show only these: SQL over the columns of `records` (receive_count > 1), "
            "with JSONPaths for fields of the payload ($.order.id == 42). All are stored.",
        ),
    ] = None,
    for_: ForOption = None,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="TRACE", help="Into this trace; resumed when there."),
    ] = None,
    mode: ModeOption = None,
    no_color: Annotated[
        bool, typer.Option("--no-color", help="No colours; so does NO_COLOR in the environment.")
    ] = False,
    redact: RedactOption = None,
    redact_key: RedactKeyOption = None,
    profile: Profile = None,
    region: Region = None,
    endpoint_url: Endpoint = None,
    assume_role: AssumeRole = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document a line.")] = False,
) -> int:
    """Show what arrives, line by line, once it is safe in a trace; Ctrl-C ends and says where that is."""
    from workbench.tail.keeping import temporary_trace
    from workbench.tail.session import tail as run
    from workbench.tail.watching import Watch
    from workbench.trace.instants import parse_age, parse_since
    from workbench.trace.limits import Clock
    from workbench.trace.where import Where

    now = clock()
    length = parse_age(for_) if for_ else None
    condition = Where(where) if where is not None else None
    from_at = parse_since(since, now) if since else now
    asked = Asked(sources, mode, from_at, from_tip=since is None)
    access = access_to(profile, region, endpoint_url, mode, assume_role, sources)
    redactor = redactor_of(redact, redact_key, keep or Path(gettempdir()))
    resumed = _there(keep)
    connectors = asked.open(access)
    output = LineOutput(
        [each.source_arn for each in connectors], as_json=json, no_color=no_color, now=clock
    )
    if not json:
        _say_beginning(connectors, from_at, resumed)
    with (
        closing(condition) if condition else nullcontext(),
        nullcontext(keep) if keep else temporary_trace(now) as trace,
        stopping_after(length, output.stop),
        stopping_on_signals(output.stop) as interrupted,
    ):
        for line in storing_lines(redactor, trace):
            say(f"workbench: {line}")
        try:
            tailed = run(
                trace,
                connectors,
                since=from_at,
                watch=Watch(condition),
                show=output.show,
                clock=Clock(clock),
                budgets=budgets_of(access),
                stop=output.stop,
                redactor=redactor,
            )
        except KeyboardInterrupt as now_at_once:  # a second Ctrl-C
            raise Interrupted(f"interrupted at once; what was shown is in {trace}") from now_at_once
        ending = _ending(tailed, trace, keep, clock())
    if interrupted.is_set():
        raise Interrupted(f"interrupted; {ending}")
    say(f"workbench: {ending}")
    return 0 if output.closed else judge(tailed.captured.document() | {"complete": tailed.complete})


def _there(keep: Path | None) -> frozenset[str]:
    """Sources of which the trace has a position already: they go on from it."""
    from workbench.trace import open_trace

    if keep is None or not keep.exists():
        return frozenset()
    with open_trace(keep) as trace:
        return frozenset(trace.sql("select distinct source_arn from checkpoints").to_series())


def _say_beginning(
    connectors: "Sequence[Connector]", since: datetime, resumed: frozenset[str]
) -> None:
    from workbench.trace.sources import source_name

    fresh = [source_name(c.source_arn) for c in connectors if c.source_arn not in resumed]
    again = [source_name(c.source_arn) for c in connectors if c.source_arn in resumed]
    parts = [f"{', '.join(fresh)} from {since:%Y-%m-%dT%H:%M:%SZ} on"] if fresh else []
    parts += [f"{', '.join(again)} from where the trace ends"] if again else []
    say(f"workbench: {' and '.join(parts)}; times are UTC, Ctrl-C ends")


def _ending(tailed: "Tailed", trace: Path, keep: Path | None, now: datetime) -> str:
    """How much there is, and where; a temporary trace says until when, and how to keep it."""
    from workbench.tail.keeping import KEPT, remove

    shown = f" ({tailed.shown:,} shown)" if tailed.shown != tailed.records else ""
    counts = f"{counted(tailed.records, 'record')}{shown}, {counted(tailed.holes, 'hole')}"
    if keep is not None:
        return f"{counts}; kept in {keep}, the same command resumes"
    if not tailed.records:
        remove(trace)
        return f"{counts}; nothing to keep"
    until = now + KEPT
    return f"{counts}; kept until {until:%Y-%m-%dT%H:%MZ}, or for good: mv {trace} incident.trace"
