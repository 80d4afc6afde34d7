"""A capture to be killed: `python -m tests.faults.scripted_capture TRACE RECORDS` reads a scripted stream, slowly."""

import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from connectors.budget import Budgets
from tests.workbench.trace.scripted import ScriptedConnector
from workbench.trace.capture import capture
from workbench.trace.limits import Clock, Limits

ARN = "arn:aws:kinesis:us-east-1:111111111111:stream/killed"
SHARDS = ("parent", "child", "other")


def connector(records: int) -> ScriptedConnector:
    """Three shards, one the child of another; each page takes a few milliseconds."""
    return ScriptedConnector(
        ARN,
        dict.fromkeys(SHARDS, records),
        {"child": ("parent",)},
        at_once=7,
        before_page=lambda shard, number: time.sleep(0.004),
    )


def main(trace: Path, records: int) -> None:
    """Capture until the script is read to its end."""
    print("started", flush=True)
    capture(
        trace,
        [connector(records)],
        limits=Limits(),
        clock=Clock(lambda: datetime.now(UTC)),
        budgets=Budgets(calls_per_second=10_000),
        stop=threading.Event(),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
