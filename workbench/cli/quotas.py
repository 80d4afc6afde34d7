"""quotas: what AWS allows, or charges, on a day."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import AsJson
from workbench.cli.terminal import print_json, print_table, say
from workbench.errors import UsageError

if TYPE_CHECKING:
    from workbench.tune.dated import Dated, DatedTable


def add_to(app: typer.Typer) -> None:
    """Put this room's command on the command line."""
    app.command(epilog="Example: workbench quotas lambda --at 2016-12-01")(quotas)


def quotas(
    service: Annotated[
        str | None, typer.Argument(metavar="SERVICE", help="Only this service: sqs, lambda …")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="DATE", help="The day they hold on: 2016-12-01; today."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="TEXT", help="Only names that contain this.")
    ] = None,
    charged: Annotated[
        bool, typer.Option("--prices", help="What AWS charges instead, in US dollars.")
    ] = False,
    region: Annotated[str, typer.Option("--region", metavar="REGION", help="Where.")] = "us-east-1",
    own: Annotated[
        Path | None,
        typer.Option("--own", metavar="FILE", help="CSV of the same columns, in place of ours."),
    ] = None,
    json: AsJson = False,
) -> None:
    """List what AWS allows on a day: each figure with the days it holds, who says so, and how sure it is."""
    from workbench.tune import prices
    from workbench.tune import quotas as allowed

    table = prices(own) if charged else allowed(own)
    rows = chosen(table, service, day_of(at), name, region)
    if json:
        print_json([row.document() for row in rows])
    else:
        print_table(
            ["service", "name", "mode", "value", "unit", "from", "before", "confidence", "source"],
            ([*map(str, _cells(row))] for row in rows),
        )
    undated = sum(row.valid_from is None for row in rows)
    if at and undated and not json:
        say(f"{undated} of these have no first day here: whether they held on {at} is not known")
    if region not in {entry.region for entry in table.entries}:
        say(f"{region} has no figures of its own here: what differs there wants a file, --own FILE")


def chosen(
    table: "DatedTable", service: str | None, at: date, name: str | None, region: str
) -> "list[Dated]":
    """The rows that were asked for.

    Raises:
        UsageError: no such service, or no name of that day contains the text.
    """
    if service and service not in table.services():
        raise UsageError(
            f"wanted a service, found {service!r}; there are {', '.join(table.services())}"
        )
    there = table.rows(service, at, region)
    found = [row for row in there if not name or name in row.name]
    if name and not found:
        names = sorted({row.name for row in there})
        raise UsageError(
            f"wanted a name that contains {name!r}, found none that holds on {at}; "
            f"there are {', '.join(names) or 'none'}"
        )
    return found


def day_of(text: str | None) -> date:
    """The day that was typed; today (UTC) where none was.

    Raises:
        UsageError: no day.

    Example:
        >>> day_of("2016-12-01")
        datetime.date(2016, 12, 1)
    """
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"wanted a day such as 2016-12-01, found {text!r}") from error


def _cells(row: "Dated") -> tuple[object, ...]:
    value = "not known" if row.value is None else _figure(row.value)
    days = (row.valid_from or "", row.valid_to or "")
    return (row.service, row.name, row.mode, value, row.unit, *days, row.confidence, row.source)


def _figure(value: float) -> str:
    """The value as people read it: thousands apart, small prices written out."""
    if value.is_integer():
        return f"{int(value):,}"
    return f"{value:.10f}".rstrip("0")
