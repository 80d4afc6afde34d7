"""tune: how the system that carries the traffic should be set."""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import costing, delivery_policies, redelivering, throttling, tuning_mappings
from workbench.cli.options import (
    AsJson,
    PricesOption,
    QuotasOption,
    SinceOption,
    TracePath,
    UntilOption,
)
from workbench.cli.terminal import print_json, print_table, say

if TYPE_CHECKING:
    from workbench.tune import ShardPlan


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
    tune = typer.Typer(
        help="Say how the system should be set, from the captured traffic.", no_args_is_help=True
    )
    tune.command(
        "shards", epilog="Example: workbench tune shards incident.trace --source kinesis:orders"
    )(shards)
    tuning_mappings.add_to(tune)
    costing.add_to(tune)
    tune.command(
        "visibility", epilog="Example: workbench tune visibility incident.trace --source sqs:orders"
    )(redelivering.visibility)
    tune.command(
        "delivery-policy",
        epilog="Example: workbench tune delivery-policy --policy policy.json --outage 30m --rate 5",
    )(delivery_policies.delivery_policy)
    tune.command(
        "throttle",
        epilog="Example: workbench tune throttle incident.trace --source sqs:orders --rate 100 --burst 50",
    )(throttling.throttle)
    tune.callback()(_room)
    app.add_typer(
        tune,
        name="tune",
        epilog="Example: workbench tune shards incident.trace --source kinesis:orders",
    )


def _room() -> None:
    """Say how the system should be set, from the captured traffic."""


def shards(
    trace: TracePath,
    source: Annotated[
        str, typer.Option("--source", metavar="SOURCE", help="The stream: kinesis:NAME or its ARN.")
    ],
    since: SinceOption = None,
    until: UntilOption = None,
    burst: Annotated[
        float, typer.Option("--burst", metavar="FACTOR", help="Plan for so many times the load.")
    ] = 1.0,
    readers: Annotated[
        int | None,
        typer.Option("--readers", metavar="N", help="How many share the read throughput."),
    ] = None,
    prices: PricesOption = None,
    quotas: QuotasOption = None,
    json: AsJson = False,
) -> None:
    """Plan a stream's shards: the even count that holds every second, fewest ranges, keys that no count fixes."""
    from workbench.trace import open_trace
    from workbench.trace.instants import parse_since
    from workbench.tune import shards as plan_shards

    now = datetime.now(UTC)
    with open_trace(trace) as opened:
        plan = plan_shards(
            opened,
            source=source,
            since=parse_since(since, now) if since else None,
            until=parse_since(until, now) if until else None,
            burst=burst,
            readers=readers,
            own_prices=prices,
            own_quotas=quotas,
        )
    if json:
        print_json(plan.document())
    else:
        _show(plan)


def _show(plan: "ShardPlan") -> None:
    document = plan.document()
    priced = document["prices"]
    layouts: list[list[Any]] = [
        [name, layout["shards"], layout["over_limit_shard_seconds"], _usd(priced.get(name))]
        for name in ("current", "uniform", "planned")
        if (layout := document[name]) is not None
    ]
    modes = [
        [name.replace("_", " "), "-", "-", _usd(priced.get(name))]
        for name in ("on_demand", "advantage")
    ]
    print_table(
        ["layout", "shards", "shard-seconds over the limit", "USD a month"], layouts + modes
    )
    for note in document["notes"]:
        say(f"note: {note}")
    for hot in document["hot_keys"]:
        say(
            f"no shard count holds {hot['partition_key']!r}: salt it over {hot['salt_factor']} keys;"
            f" {hot['salting_costs']}"
        )
    say(plan.readers.said())
    for lane in document["lanes"]:
        needed = lane["shards_as_observed"] or lane["shards_full_batches"]
        said = f"{needed} shards for its lanes" if needed else lane["missing"]
        say(f"{lane['function']}: {said}")
    packed = document["aggregation"]
    if packed["refused"]:
        say(f"packing records (KPL) is refused: {packed['refused']}")
    elif packed["factor"] > PACKING_WORTH:
        say(
            f"packed by the producer (KPL): {packed['factor']:.0f} records in one,"
            f" {packed['shards_by_bytes']} shards by bytes, up to {packed['added_latency_max_ms']:.0f} ms later"
        )
        for hazard in packed["hazards"]:
            say(f"  but {hazard}")
    for operation in document["operations"]:
        say(_command(operation))


PACKING_WORTH = 2.0
"""Records in one, below which packing is not worth a word."""


def _command(operation: dict[str, str]) -> str:
    """The call as the AWS CLI spells it.

    Example:
        >>> _command({"operation": "SplitShard", "ShardToSplit": "shardId-000000000000"})
        'aws kinesis split-shard --shard-to-split shardId-000000000000'
    """

    def spelled(name: str) -> str:
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()

    options = [
        f"--{spelled(name)} {value}" for name, value in operation.items() if name != "operation"
    ]
    return " ".join(["aws kinesis", spelled(operation["operation"]), *options])


def _usd(price: Any) -> str:
    found = (price or {}).get("per_month")
    return "not known" if found is None else f"{found:,.2f}"
