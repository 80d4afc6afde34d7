"""Resuming a run: it ends as if it had never been interrupted, and asks the handler for nothing twice."""

import subprocess
import sys
import threading
import time

import pytest

from tests.factories import clock, sqs_message, write_trace
from tests.workbench.replay.invokers.processes import needs_namespaces
from workbench.errors import UsageError
from workbench.replay import replay
from workbench.trace import open_trace

HANDLER = """
import json, time

def handle(event, context):
    orders = [json.loads(record["body"])["order"] for record in event["Records"]]
    if any(order % 4 == 0 for order in orders):
        raise ValueError(f"cannot charge {orders}")
    return {"charged": orders}

def slow(event, context):
    time.sleep(0.2)
    return handle(event, context)

def hang(event, context):
    time.sleep(600)
"""
ONE_RETRY = {"RedrivePolicy": {"maxReceiveCount": 2}}


@pytest.fixture
def trace(tmp_path):
    needs_namespaces()
    (tmp_path / "charge.py").write_text(HANDLER)
    messages = [sqs_message(n, seconds=n) for n in range(1, 13)]
    with write_trace(tmp_path / "incident.trace", messages) as trace:
        yield trace


def run(trace, handler="charge.py:handle", **more):
    more = {"source": "sqs:orders", "queue_attributes": ONE_RETRY} | more
    return replay(trace, handler, now=clock, folder=trace.path.parent, **more)


def told(run):
    columns = ("record_id", "attempt", "verdict", "error_type", "error_message", "started_at")
    return run.outcomes().select(columns).rows()


def stopped_after(trace, invocations):
    """A run that is asked to stop once so many records are settled."""
    stop = threading.Event()

    def progress(settled, total):
        if settled >= invocations:
            stop.set()

    return run(trace, stop=stop, progress=progress)


@pytest.mark.parametrize("after", [1, 4, 8])
def test_a_resumed_run_ends_as_an_uninterrupted_one(trace, after):
    whole = run(trace)
    part = stopped_after(trace, after)
    assert part.interrupted
    assert part.records["not_reached"] > 0

    resumed = run(trace, resume=part.run_id)

    assert told(resumed) == told(whole)
    assert resumed.document()["resumed_from"] == part.run_id
    assert not resumed.interrupted


def test_a_run_that_is_stopped_ends_at_once_also_while_its_handler_hangs(trace):
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()

    part = run(trace, "charge.py:hang", stop=stop)

    assert part.interrupted
    assert part.records["not_reached"] == part.records["total"] == 12


@pytest.mark.parametrize(
    ("changed", "more"),
    [("seed", {"seed": 1}), ("settings", {"mapping": {"BatchSize": 3}})],
)
def test_another_run_than_the_one_that_began_is_refused_by_name(trace, changed, more):
    part = stopped_after(trace, 2)

    with pytest.raises(UsageError, match=f"found another {changed}; give what was given then"):
        run(trace, resume=part.run_id, **more)


def test_a_handler_that_was_mended_meanwhile_does_not_go_on_with_the_old_ones_answers(trace):
    part = stopped_after(trace, 2)
    (trace.path.parent / "charge.py").write_text(HANDLER + "\n")

    with pytest.raises(UsageError, match="found another handler file"):
        run(trace, resume=part.run_id)


def test_a_run_that_is_not_there_cannot_be_resumed(trace):
    with pytest.raises(UsageError, match="found none of the id 'yesterday'"):
        run(trace, resume="yesterday")


def test_a_run_that_was_killed_can_be_resumed_by_its_plan(trace, monkeypatch):
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from workbench.replay import journal, replay\n"
        "from workbench.trace import open_trace\n"
        "journal.PIECE_S = 0.0\n"
        "trace = open_trace(sys.argv[1])\n"
        "replay(trace, 'charge.py:slow', source='sqs:orders', folder=Path(sys.argv[1]).parent,\n"
        f"       queue_attributes={ONE_RETRY!r})\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(trace.path)])
    written = "select count(*) from invocations"
    deadline = time.monotonic() + 30
    while trace.refresh().sql(written).item() < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    process.kill()
    process.wait()

    with open_trace(trace.path) as again:
        plan = again.sql("select run_id from run_plans").item()
        assert again.sql("select count(*) from runs").item() == 0
        resumed = replay(
            again,
            "charge.py:slow",
            source="sqs:orders",
            folder=trace.path.parent,
            queue_attributes=ONE_RETRY,
            resume=plan,
        )
        assert told(resumed) == told(run(again, "charge.py:slow"))
