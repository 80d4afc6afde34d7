"""idempotency, redrive: what may be handed to a handler once more, and what would come of it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli.options import AsJson, TracePath
from workbench.cli.replay_options import AttributesFile, BatchSize, Cooperative, MappingFile, Source
from workbench.cli.replaying import answer_in
from workbench.cli.terminal import counted, print_json, print_table, progress, say
from workbench.errors import UsageError
from workbench.markup import visible

Handler = Annotated[
    str,
    typer.Argument(
        metavar="HANDLER", help="file.py:function, module:function, index.mjs:function."
    ),
]
FunctionFile = Annotated[
    Path | None,
    typer.Option(
        "--function", metavar="FILE", help="What `aws lambda get-function-configuration` answers."
    ),
]
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
    app.command(
        epilog="Example: workbench redrive incident.trace --source sqs:orders-dlq --old v1.py:handle --new v2.py:handle"
    )(redrive)


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
            mapping=answer_in(mapping) | size,
            queue_attributes=answer_in(queue_attributes),
            function=answer_in(function),
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
    columns = ("what_if", "seed", "injected", "failed", "beyond")
    print_table(columns, ([each[name] for name in columns] for each in document["tried"]))
    if found.items:
        names = ("record_id", "partition_id", "delivery_id")
        title = f"the fewest records that show it, under {found.what_if}, seed {found.seed}"
        print_table(
            names, ([each[name] for name in columns] for each in document["smallest"]), title
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


def redrive(
    trace: TracePath,
    source: Source,
    new: Annotated[
        str, typer.Option("--new", metavar="HANDLER", help="What they would be sent back to.")
    ],
    old: Annotated[
        str | None, typer.Option("--old", metavar="HANDLER", help="What they failed in.")
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option("--origin", metavar="SOURCE", help="The queue that they came from."),
    ] = None,
    function: FunctionFile = None,
    key: Keys = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="DIR", help="Write the commands there.")
    ] = None,
    check_idempotency: Annotated[
        bool, typer.Option("--check-idempotency/--no-check-idempotency", help="Of the new handler.")
    ] = True,
    allow_cooperative: Cooperative = False,
    json: AsJson = False,
) -> None:
    """Say of a dead-letter queue's messages what the new handler does with them, and how to send them back."""
    from workbench.redrive import redrive as judged
    from workbench.trace import open_trace

    with open_trace(trace) as opened:
        found = judged(
            opened,
            source=source,
            new=new,
            old=old,
            origin=origin,
            function=answer_in(function),
            check_idempotency=check_idempotency,
            keys=keys_of(key),
            allow_cooperative=allow_cooperative,
        )
    written = [str(path) for path in found.save(save)] if save else []
    document = found.document()
    if json:
        print_json(document | {"written": written})
        return
    print_table(
        ["cause", "messages", "payload", "in the new handler"], map(_cluster, document["clusters"])
    )
    if found.idempotency:
        say(f"the new handler: {found.idempotency.verdict}")
    say(f"at most {found.rate.messages_per_second} a second: {found.rate.why}")
    for each in found.neighbours:
        say(f"group {each['group']} has gone on: {each['later']} later messages")
    for caveat in found.caveats:
        say(f"mind: {caveat}")
    say("to run yourself, after reading:" if found.sendings else "nothing to send back")
    for command in document["commands"]:
        print(visible(command))
    for path in written:
        say(f"wrote {path}")


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


def _cluster(each: dict[str, Any]) -> tuple[Any, ...]:
    feature = each["feature"]
    told = f"{feature['path']} {feature['seen']}" if feature else ""
    cause = " ".join(part for part in (each["cause"], each["signature"]) if part)
    fates = ", ".join(f"{count} {name}" for name, count in each["verdicts"].items())
    failing = "; ".join(each["new_signatures"])
    return cause, each["count"], told, f"{fates} ({failing})" if failing else fates


def _left(each: dict[str, Any]) -> tuple[Any, str]:
    return each["more"], f"{each['service']} {each['operation']} {each['parameters']}"
