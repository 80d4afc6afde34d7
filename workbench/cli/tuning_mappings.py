"""tune mapping, tune counterfactual: other settings on the captured arrivals."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.options import AsJson, SetOption, SinceOption, TracePath, UntilOption
from workbench.cli.terminal import print_json, print_table, progress, say

if TYPE_CHECKING:
    from workbench.tune.search.advice import MappingAdvice

INCOMPLETE = 3
SHOWN = 12

Source = Annotated[
    str, typer.Option("--source", metavar="SOURCE", help="A queue or stream: sqs:NAME or its ARN.")
]
Function = Annotated[
    str | None,
    typer.Option("--function", metavar="NAME", help="The function meant, where there are several."),
]


def add_to(tune: typer.Typer) -> None:
    """Put the commands among those of `tune`."""
    tune.command(
        "mapping",
        epilog="Example: workbench tune mapping incident.trace --source sqs:orders --slo 'p99 age < 30 s'",
    )(mapping)
    tune.command(
        "counterfactual",
        epilog="Example: workbench tune counterfactual incident.trace --source sqs:orders --set VisibilityTimeout=180",
    )(counterfactual)


def mapping(
    trace: TracePath,
    source: Source,
    function: Function = None,
    slo: Annotated[
        str | None,
        typer.Option(
            "--slo",
            metavar="WANTED",
            help="p99 age < 30 s and cost < 20 USD per month; without it, not slower than today.",
        ),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary", metavar="NAME=A,B", help="Values to try instead of ours; may be repeated."
        ),
    ] = None,
    replay: Annotated[
        list[str] | None,
        typer.Option(
            "--replay",
            metavar="RUN",
            help="A replay that tells what a record adds; may be repeated.",
        ),
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of chance.")] = 0,
    json: AsJson = False,
) -> None:
    """Say how batch size, window and concurrency should be set, if the model reproduces what was captured."""
    from workbench.trace import open_trace
    from workbench.trace.instants import parse_since
    from workbench.tune import mapping as advise
    from workbench.tune.search.candidates import parse_vary

    now = datetime.now(UTC)
    with open_trace(trace) as opened, progress("Tuning") as bar:
        advice = advise(
            opened,
            source,
            function,
            slo,
            parse_vary(vary) if vary else None,
            replays=tuple(replay or ()),
            since=parse_since(since, now) if since else None,
            until=parse_since(until, now) if until else None,
            seed=seed,
            progress=_shown_on(bar),
        )
    if json:
        print_json(advice.document())
    else:
        _show(advice)
    if advice.recommended is None:
        raise typer.Exit(INCOMPLETE)


def counterfactual(
    trace: TracePath,
    source: Source,
    set_: SetOption = None,
    function: Function = None,
    since: SinceOption = None,
    until: UntilOption = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of chance.")] = 0,
    json: AsJson = False,
) -> None:
    """Say whether it would have happened with other settings, on the same arrivals with the same luck."""
    from workbench.trace import open_trace
    from workbench.trace.instants import parse_since
    from workbench.tune import counterfactual as ask
    from workbench.tune.search.counterfactual import parse_changes

    now = datetime.now(UTC)
    changes = parse_changes(set_ or [])
    with open_trace(trace) as opened:
        answer = ask(
            opened,
            source,
            changes,
            function=function,
            since=parse_since(since, now) if since else None,
            until=parse_since(until, now) if until else None,
            seed=seed,
        )
    document = answer.document()
    if json:
        print_json(document)
    else:
        say(answer.sentence)
        columns = ["", "observed", "as captured, simulated", "as changed"]
        sides = (document["observed"], document["as_captured"], document["as_changed"])
        if document["as_captured"] is not None:
            names = document["as_captured"]
            print_table(
                columns,
                (
                    [name.replace("_", " "), *(_figure(side.get(name)) for side in sides)]
                    for name in names
                ),
            )
    if not answer.tested_accepted:
        raise typer.Exit(INCOMPLETE)


def _shown_on(bar: Any) -> Any:
    """Steps on a bar; None where nobody looks."""
    if bar is None:
        return None
    steps: dict[str, Any] = {}

    def step(what: str, done: int, total: int) -> None:
        if what not in steps:
            steps[what] = bar.add_task(f"candidates {what}", total=total)
        bar.update(steps[what], completed=done)

    return step


def _show(advice: "MappingAdvice") -> None:
    document = advice.document()
    for note in document["notes"]:
        say(f"note: {note}")
    tested = document["backtest"]
    if tested["by_measure"]:
        print_table(
            ["measure", "observed", "simulated", "misfit (1 is the most)"],
            (
                [
                    name.replace("_", " "),
                    *(_figure(each[side]) for side in ("observed", "simulated", "misfit")),
                ]
                for name, each in tested["by_measure"].items()
            ),
            title=f"Does the model reproduce the capture? {'Yes' if tested['accepted'] else 'No'}",
        )
    if document["reason"]:
        say(f"nothing is recommended: {document['reason']}")
    if advice.evaluated:
        _show_candidates(document, advice)
    best = document["recommended"]
    if best is None:
        return
    say(
        f"recommended: {best['label']}; meets the SLO in {best['probability']:.0%} of redrawn traffics,"
        f" misfit of the model {tested['misfit']:.2f}"
    )
    broken = document["next_to_break"]
    say(
        f"breaks next: {broken['sentence']}"
        if broken
        else "breaks next: nothing, up to ten times the traffic"
    )
    for command in best["commands"]:
        say(command)


def _show_candidates(document: dict[str, Any], advice: "MappingAdvice") -> None:
    frame = advice.to_frame()
    worth = frame.filter(frame["is_pareto"] | frame["is_current"] | frame["is_recommended"])
    # Of those that do the same the plainest is enough; what is recommended, and what was captured, is always there.
    shown = worth.sort("is_recommended", "is_current", descending=True).unique(
        ["p99_age_ms", "cost_per_month", "dead_letter_share"], keep="first", maintain_order=True
    )
    print_table(
        ["candidate", "p50 age", "p99 age", "USD a month", "dead letters", "meets the SLO"],
        (
            [
                row["label"] + (" (recommended)" if row["is_recommended"] else ""),
                _ms(row["p50_age_ms"]),
                _ms(row["p99_age_ms"]),
                _figure(row["cost_per_month"]),
                f"{row['dead_letter_share']:.2%}",
                "yes" if row["meets_slo"] else "no",
            ]
            for row in shown.sort("cost_per_month").head(SHOWN).iter_rows(named=True)
        ),
        title=f"{len(frame)} candidates; those that no other betters. SLO: {document['slo']['text']}",
    )


def _ms(value: float | None) -> str:
    if value is None:
        return "never"
    return f"{value:.0f} ms" if value < 1_000 else f"{value / 1_000:,.1f} s"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:,.4g}"
