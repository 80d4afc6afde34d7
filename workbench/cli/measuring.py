"""measure: figures of the traffic, by name."""

from datetime import UTC, datetime
from typing import Annotated, Any

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
from workbench.cli.terminal import print_json, print_table


def add_to(app: typer.Typer) -> None:
    """Put this room's command on the command line."""
    app.command(epilog="Example: workbench measure incident.trace concurrency")(measure)


def measure(
    trace: TracePath,
    name: Annotated[
        str | None, typer.Argument(metavar="MEASURE", help="Which figures; without it, a list.")
    ] = None,
    key: KeyOption = None,
    sequence: SequenceOption = None,
    event_time: EventTimeOption = None,
    source: SourceOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    set_: SetOption = None,
    json: AsJson = False,
) -> None:
    """Measure the traffic: how late, how skewed, how many at once, how much of it arrived."""
    from workbench.measures import MEASURES
    from workbench.measures import measure as run
    from workbench.trace import open_trace
    from workbench.trace.instants import parse_since

    if name is None:
        _list(json=json)
        return
    now = datetime.now(UTC)
    with open_trace(trace) as opened:
        figures = run(
            opened,
            name,
            key=key,
            sequence=sequence,
            event_time=event_time,
            source=source,
            since=parse_since(since, now) if since else None,
            until=parse_since(until, now) if until else None,
            thresholds=thresholds_of(set_),
        )
    if json:
        print_json(figures.to_dicts())
    else:
        print_table(
            figures.columns,
            ([_shown(value) for value in row] for row in figures.iter_rows()),
            title=MEASURES[name].definition,
        )


def _shown(value: Any) -> Any:
    """A cell for people: a source by its short name, a figure in four digits."""
    from workbench.trace.sources import source_name

    match value:
        case float():
            return f"{value:.4g}"
        case str() if value.startswith("arn:"):
            return source_name(value)
    return value


def _list(*, json: bool) -> None:
    from workbench.measures import MEASURES

    if json:
        print_json(
            [{"name": each.name, "definition": each.definition} for each in MEASURES.values()]
        )
    else:
        print_table(
            ["measure", "what"], [[each.name, each.definition] for each in MEASURES.values()]
        )
