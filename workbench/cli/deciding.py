"""idempotency, redrive: what may be handed to a handler once more, and what would come of it."""

from typing import Annotated, Any

import typer

from workbench.cli.options import AsJson, TracePath
from workbench.cli.replaying import (
    AttributesFile,
    BatchSize,
    Cooperative,
    FunctionFile,
    Handler,
    MappingFile,
    Source,
    aws_answer,
)
from workbench.cli.terminal import counted, print_json, print_table, progress, say
from workbench.errors import UsageError

Keys = Annotated[
    list[str] | None,
    typer.Option("--key", metavar="TABLE=NAME[,NAME]", help="The key of a table; may be repeated."),
]
RecordsMost = Annotated[int, typer.Option("--records-most", help="The first so many are tried.")]


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
    app.command(
        epilog="Example: workbench idempotency incident.trace charge.py:handle --source sqs:orders"
    )(idempotency)


def idempotency(
    trace: TracePath,
    handler: Handler,
    source: Source,
    mapping: MappingFile = None,
    queue_attributes: AttributesFile = None,
    function: FunctionFile = None,
    batch_size: BatchSize = None,
    key: Keys = None,
    seeds: Annotated[int, typer.Option("--seeds", help="How often each kind is tried.")] = 3,
    records_most: RecordsMost = 100,
    allow_cooperative: Cooperative = False,
    json: AsJson = False,
) -> None:
    """Say whether a handler leaves the same behind when records come twice, batches differ, or it crashes."""
    from workbench.replay.idempotency import idempotency as checked
    from workbench.trace import open_trace

    size = {} if batch_size is None else {"BatchSize": batch_size}
    with open_trace(trace) as opened, progress("tried") as shown:
        task = shown.add_task("parts of the records", total=None) if shown else None
        found = checked(
            opened,
            handler,
            source=source,
            seeds=seeds,
            keys=keys_of(key),
            mapping=aws_answer(mapping) | size,
            queue_attributes=aws_answer(queue_attributes),
            function=aws_answer(function),
            records_most=records_most,
            allow_cooperative=allow_cooperative,
            progress=lambda trials, records: (
                shown.update(task, completed=trials) if shown and task is not None else None
            ),
        )
    document = found.document()
    if json:
        print_json(document)
        return
    columns = ("what_if", "seed", "injected", "beyond")
    print_table(columns, ([each[name] for name in columns] for each in document["tried"]))
    if found.items:
        columns = ("record_id", "partition_id", "delivery_id")
        title = f"the fewest records that show it, under {found.what_if}, seed {found.seed}"
        print_table(
            columns, ([each[name] for name in columns] for each in document["smallest"]), title
        )
        print_table(
            ["more", "what is left behind beyond the plain run"], map(_left, document["beyond"])
        )
    say(
        f"{found.verdict}: {counted(found.records, 'record')}, {counted(found.writes, 'write')} in the plain run, "
        f"{counted(found.trials, 'trial')}"
    )
    for reason in found.reasons:
        say(reason)


def keys_of(said: list[str] | None) -> dict[str, list[str]]:
    """What `--key TABLE=NAME,NAME` says.

    Raises:
        UsageError: not of that form.

    Example:
        >>> keys_of(["orders=id,line"])
        {'orders': ['id', 'line']}
    """
    parted = [each.partition("=") for each in said or ()]
    for table, equals, names in parted:
        if not (table and names):
            raise UsageError(f"wanted --key TABLE=NAME[,NAME], found {table + equals + names!r}")
    return {table: names.split(",") for table, _, names in parted}


def _left(each: dict[str, Any]) -> tuple[Any, str]:
    return each["more"], f"{each['service']} {each['operation']} {each['parameters']}"
