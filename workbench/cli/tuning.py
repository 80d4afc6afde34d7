"""tune: how the system that carries the traffic should be set."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from workbench.cli import costing, delivery_policies, redelivering, throttling, tuning_mappings
from workbench.cli.options import AsJson, SinceOption, TracePath, UntilOption
from workbench.cli.terminal import print_json, print_table, say


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
        )
    document = plan.document()
    if json:
        print_json(document)
        return
    layouts = [
        [name, layout["shards"], layout["over_limit_shard_seconds"]]
        for name in ("current", "uniform", "planned")
        if (layout := document[name]) is not None
    ]
    print_table(["layout", "shards", "shard-seconds over the limit"], layouts)
    for hot in document["hot_keys"]:
        say(
            f"no shard count holds {hot['partition_key']!r}: salt it over {hot['salt_factor']} keys"
        )
    for operation in document["operations"]:
        say(" ".join(f"{name}={value}" for name, value in operation.items()))
