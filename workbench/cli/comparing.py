"""compare: two runs side by side, or a run beside production."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from workbench.cli.options import AsJson, TracePath
from workbench.cli.terminal import print_json, print_table, say
from workbench.errors import UsageError

COMPARE_EXAMPLE = "Example: workbench compare incident.trace RUN production"


def add_to(app: typer.Typer) -> None:
    """Put this room's command on the command line."""
    app.command(epilog=COMPARE_EXAMPLE)(compare)


def compare(
    trace: TracePath,
    run_a: Annotated[
        str | None, typer.Argument(metavar="[RUN_A]", help="A run's id; the last but one.")
    ] = None,
    run_b: Annotated[
        str | None,
        typer.Argument(metavar="[RUN_B]", help="A run's id, or production; the last."),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore",
            metavar="PLACE",
            help="Does not count: $.member of responses, effects.SERVICE.OPERATION.PARAMETER, error; with * and `..`.",
        ),
    ] = None,
    noise: Annotated[
        str | None,
        typer.Option(
            "--noise", metavar="RUN", help="Another run of A's code: what differs of itself."
        ),
    ] = None,
    min_certainty: Annotated[
        float,
        typer.Option("--min-certainty", help="Of production's requests to have had a record."),
    ] = 1.0,
    json: AsJson = False,
) -> None:
    """Set two runs, or a run and production, side by side: what fares otherwise, answers otherwise, calls otherwise."""
    from workbench.replay import compare as set_side_by_side
    from workbench.trace import open_trace

    with open_trace(trace) as opened:
        document = set_side_by_side(
            *_two_runs(opened, run_a, run_b),
            opened,
            again=noise,
            ignore=ignore or (),
            min_certainty=min_certainty,
        ).document()
    if json:
        print_json(document)
        return
    columns = ("verdict_a", "error_a", "verdict_b", "error_b", "count", "examples")
    print_table(columns, ([change[name] for name in columns] for change in document["changes"]))
    if document["differences"]:
        columns = ("field", "change", "value_a", "value_b", "count", "examples")
        print_table(columns, ([each[name] for name in columns] for each in document["differences"]))
    for line in _said_of(document):
        say(line)


def _said_of(document: dict[str, Any]) -> Iterator[str]:
    """What stands below the tables of a comparison."""
    yield f"{document['differing']} of {document['records']} records fare otherwise in {document['run_b']}"
    if document["production"]:
        yield f"of {document['production']['unknown']} of them it is not known how they fared in production"
        if not document["production"]["coverage"]:
            yield "no log group of a consumer of the source is known; capture its function's logs and mapping"
        for group in document["production"]["coverage"]:
            read = (
                f"read from {group['from_at']} to {group['to_at']}"
                if group["from_at"]
                else "not read"
            )
            yield f"{group['log_group']}: {read}, holes: {group['holes']}"
        return
    counts = document["invocations"]
    otherwise = counts["batched_otherwise_a"] + counts["batched_otherwise_b"]
    yield (
        f"{counts['differing']} of {counts['pairs']} pairs of invocations differ; "
        f"batched otherwise or not as often: {otherwise}"
    )
    if document["effects"] is None:
        yield "AWS calls are not compared: one of the runs did not record them"
    median = document["duration"]["p50"]
    if median and median["ratio"]:
        told = {True: "a change", False: "no more than chance", None: "too few to tell"}
        yield f"median duration: {median['ratio']:.2f} times as long ({told[median['changed']]})"
    if document["noise"]:
        hidden = ", ".join(each["field"] for each in document["noise"]["hidden"]) or "nothing"
        yield f"left out, as it differs of itself: {hidden}"


def _two_runs(trace: Any, run_a: str | None, run_b: str | None) -> tuple[str, str]:
    """The two runs that are named, or the last two."""
    from workbench.replay.run import last_runs

    if run_a and run_b:
        return run_a, run_b
    if run_a:
        raise UsageError("wanted two runs to compare, found one named; replay or name two")
    later, earlier = last_runs(trace, 2)
    return earlier, later
