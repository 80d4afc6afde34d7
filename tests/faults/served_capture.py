"""A capture to be killed: it reads every source of a served account to its tip."""

import json
import sys
import threading
from pathlib import Path

from connectors import Budgets, ConnectorError, Mode, open_connector
from tests.faults.account import SOURCES
from tests.scripted_aws.clock import START
from tests.scripted_aws.serving import RunningClock, ServedAccess
from workbench.trace.capture import capture
from workbench.trace.limits import Limits


def read_everything(trace: Path, address: Path, clock: RunningClock) -> None:
    """Capture until every source is read to its tip, and leave with 0, 3 where holes remain, 1 where refused."""
    access = ServedAccess(address)
    try:
        connectors = [
            open_connector(
                source,
                access,  # type: ignore[arg-type]
                now=clock.now,
                mode=Mode.DRAIN if source.startswith("sqs:") else None,
                since=START,
            )
            for source in SOURCES
        ]
    except ConnectorError:
        sys.exit(1)  # refused at the door: nothing was begun
    captured = capture(
        trace,
        connectors,
        limits=Limits(since=START),
        clock=clock.for_capture(),
        budgets=Budgets(calls_per_second=4),
        stop=threading.Event(),
    )
    address.with_suffix(".json").write_text(json.dumps(captured.document()), "utf-8")
    sys.exit(0 if captured.complete else 3)
