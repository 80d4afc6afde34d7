"""tune cost: what the captured traffic costs in a month, term by term."""

from typing import Annotated

import typer

from workbench.cli.options import AsJson, PricesOption, QuotasOption, SourceOption, TracePath
from workbench.cli.quotas import day_of
from workbench.cli.terminal import print_json, print_table, say


def add_to(tune: typer.Typer) -> None:
    """Put the command among those of `tune`."""
    tune.command("cost", epilog="Example: workbench tune cost incident.trace --source sqs:orders")(
        cost
    )


def cost(
    trace: TracePath,
    source: SourceOption = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="DATE", help="Prices and rules of a day; the last captured one."
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option("--region", metavar="REGION", help="Whose prices; each source's own."),
    ] = None,
    prices: PricesOption = None,
    quotas: QuotasOption = None,
    json: AsJson = False,
) -> None:
    """Say what the captured traffic costs in a month of 30 days, each driver apart, and what is not known."""
    from workbench.trace import open_trace
    from workbench.trace.sources import source_name
    from workbench.tune import cost as cost_of

    with open_trace(trace) as opened:
        costs = cost_of(
            opened,
            source,
            at=day_of(at) if at else None,
            region=region,
            own_prices=prices,
            own_quotas=quotas,
        )
    if json:
        print_json(costs.document())
        return
    print_table(
        ["source", "term", "a month", "unit", "USD each", "USD a month", "note"],
        (
            [
                source_name(each.source_arn),
                term.name,
                _shown(term.quantity, ",.0f" if (term.quantity or 0) >= 100 else ".3g"),
                term.unit,
                _shown(term.price, ".4g"),
                _shown(term.cost, ",.2f" if not 0 < (term.cost or 0) < 0.01 else ".2g"),
                term.note,
            ]
            for each in costs.sources
            for term in each.terms
        ),
        title=f"List prices of {costs.at}, no free tier, 30 days as captured",
    )
    for each in costs.sources:
        for note in each.notes:
            say(f"{source_name(each.source_arn)}: {note}")
    unknown = costs.total.unknown
    say(
        f"{costs.total.cost:,.2f} USD a month"
        + (f", and what is not known: {', '.join(unknown)}" if unknown else "")
    )


def _shown(value: float | None, form: str) -> str:
    return "not known" if value is None else format(value, form)
