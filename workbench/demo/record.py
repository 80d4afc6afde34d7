"""Recording the demo's trace: the order system runs on a local AWS, and every source of it is captured."""

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from workbench.demo.system import (
    OrderSystem,
    build,
    handler_source,
    messages_in,
    send,
    subscriptions,
    wait_for,
)
from workbench.demo.traffic import (
    AUDIT,
    DLQ,
    KEY,
    SEQUENCE,
    STREAM,
    TOPIC,
    Planted,
    Traffic,
    make_traffic,
)
from workbench.errors import WorkbenchError
from workbench.local_aws import LocalAws, local_aws
from workbench.trace import open_trace
from workbench.trace.capture_process import start_capture
from workbench.trace.catalog import Catalog

SEED = 7
SOURCES = (STREAM, "dynamodb:orders", "lambda:charge", DLQ, AUDIT)
PRODUCTION_SUBSCRIPTIONS = 2


def record_demo(folder: Path, tell: Callable[[str], None]) -> tuple[Path, tuple[Planted, ...]]:
    """Run the order system and capture it into `folder/demo.trace`, with `labels.json` and the handlers beside it.

    Args:
        folder: made when not there; a trace that an earlier demo left there is replaced.
        tell: called with a line at each step.

    Returns:
        The trace and what was planted in its traffic.

    Raises:
        WorkbenchError: the local AWS is not installed or does not come up, or the trace there is none of the demo's.
    """
    trace = folder / "demo.trace"
    _make_room(folder, trace)
    traffic = make_traffic(SEED)
    with local_aws() as aws:
        tell("a local AWS is up; building the order system")
        system = build(aws.endpoint_url)
        _run_traffic(system, aws, trace, tell, traffic)
        tell("capturing stream, table, log group and queues")
        captured = start_capture(
            trace, SOURCES, mode="peek", region=aws.region, endpoint_url=aws.endpoint_url
        ).wait()
        if not captured["complete"]:
            raise WorkbenchError(f"the capture is not complete: {json.dumps(captured['sources'])}")
    labels = json.dumps([asdict(fault) for fault in traffic.planted], indent=2)
    (folder / "labels.json").write_text(labels + "\n", "utf-8")
    return trace, traffic.planted


def _run_traffic(
    system: OrderSystem, aws: LocalAws, trace: Path, tell: Callable[[str], None], traffic: Traffic
) -> None:
    """Send while a tap listens on the topic, which keeps nothing for those who come later."""
    tap = start_capture(
        trace, [TOPIC], follow=True, region=aws.region, endpoint_url=aws.endpoint_url
    )
    try:
        wait_for(
            "the tap on the topic",
            lambda: not tap.running or subscriptions(system) > PRODUCTION_SUBSCRIPTIONS,
        )
        tell("a tap listens on the topic; sending orders with planted faults")
        for _ in send(system, traffic):
            pass
        tell(
            "waiting until the poison message has failed three times and reached the dead-letter queue"
        )
        wait_for("the dead-letter queue", lambda: messages_in(system, system.dlq_url) == 1)
        wait_for(
            "the function to work off its queue",
            lambda: messages_in(system, system.fulfilment_url) == 0,
        )
    finally:
        tap.stop()
    if subscriptions(system) != PRODUCTION_SUBSCRIPTIONS:
        raise WorkbenchError("the tap left its subscription behind")


def _make_room(folder: Path, trace: Path) -> None:
    """A folder with the handlers in it, and an empty trace that knows its business fields."""
    if trace.exists():
        with open_trace(trace) as there:
            if "demo" not in there.settings():
                raise WorkbenchError(
                    f"wanted room for demo.trace, found another trace in {folder}; name another folder"
                )
        shutil.rmtree(trace)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("charge.py", "charge_fixed.py"):
            (folder / name).write_text(handler_source(name), "utf-8")
    except OSError as error:
        raise WorkbenchError(
            f"cannot write to {folder}: {error.strerror}; name another folder"
        ) from error
    with closing(Catalog.create(trace, datetime.now(UTC))) as catalog:
        catalog.remember(key=KEY, sequence=SEQUENCE, demo=str(SEED))
