"""Replays from a panel: start, stop, look, compare."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workbench.findings.traces import message, put, trace_of
from workbench.crossfilter import Clause, crossfilter
from workbench.errors import UsageError
from workbench.widgets.replay_panel import ReplayPanel, replay_panel

HANDLERS = """
import time

def fine(event, context):
    return None

def bad(event, context):
    for record in event["Records"]:
        if '"n": 1' in record["body"] or '"n":1' in record["body"]:
            raise ValueError("<script>no</script>")

def slow(event, context):
    time.sleep(30)
"""


@pytest.fixture
def panel(tmp_path: Path) -> Iterator[ReplayPanel]:
    (tmp_path / "handlers.py").write_text(HANDLERS, "utf-8")
    records = [message(f"m-{n}", {"n": n}) for n in range(4)]
    with trace_of(tmp_path / "x.trace", records) as trace:
        made = replay_panel(trace, "handlers.py:fine", tmp_path)
        settle(made)
        yield made
        made.close()


def settle(panel: ReplayPanel) -> None:
    for _ in range(4):
        panel.settle()


def run(panel: ReplayPanel, handler: str, **settings: object) -> None:
    panel.progress = {}
    panel.handler, panel.settings = handler, {"batch_size": "1", **settings}
    panel.start().ended(60)
    ended(panel)


def ended(panel: ReplayPanel) -> None:
    """The listener tells the page a moment after the job has ended."""
    for _ in range(400):
        if panel.progress.get("state") not in (None, "running"):
            break
        time.sleep(0.05)
    settle(panel)


def test_a_replay_is_listed_and_shown_when_it_has_ended(panel: ReplayPanel) -> None:
    run(panel, "handlers.py:fine")

    assert [row[1] for row in panel.runs] == ["handlers.py:fine"]
    assert panel.progress["state"] == "done"
    assert [row[3] for row in panel.detail["outcomes"]] == ["4"]
    assert panel.to_frame()["records"].sum() == 4
    assert "isolation" in panel.runs[0][4]


def test_two_runs_are_compared_identical_differences_as_one_row(panel: ReplayPanel) -> None:
    run(panel, "handlers.py:fine")
    first = panel.shown
    run(panel, "handlers.py:bad")
    assert panel.shown != first

    panel._handle_custom_msg({"kind": "compare", "run": first}, [])
    settle(panel)

    assert panel.trouble == ""
    assert panel.difference["said"] == "4 records: 3 ended alike, 1 otherwise"
    assert len(panel.difference["rows"]) >= 1
    assert "\\u202e" not in str(panel.difference)


def test_cancel_does_not_wait_for_what_the_panel_is_busy_with(panel: ReplayPanel) -> None:
    panel.handler = "handlers.py:slow"
    job = panel.start()
    go_on = threading.Event()
    panel.later("busy", go_on.wait)
    panel._handle_custom_msg({"kind": "cancel"}, [])

    assert job.wait(20).interrupted
    go_on.set()
    ended(panel)
    assert panel.detail["said"].startswith("4 records: 4 not reached")
    assert panel.detail["said"].endswith("interrupted, its part is kept")


def test_a_replay_that_is_cancelled_ends_soon_and_keeps_its_part(panel: ReplayPanel) -> None:
    panel.handler = "handlers.py:slow"
    job = panel.start()
    panel._handle_custom_msg({"kind": "cancel"}, [])

    assert job.wait(20).interrupted
    assert job.progress().state == "cancelled"
    ended(panel)


def test_the_fewest_records_that_fail_are_looked_for_as_a_job(panel: ReplayPanel) -> None:
    run(panel, "handlers.py:bad")
    panel._handle_custom_msg({"kind": "shrink"}, [])
    settle(panel)
    assert panel.job is not None
    panel.job.ended(60)
    ended(panel)

    assert "1 of 4" in panel.fewest["said"]
    assert panel.fewest["call"].startswith(f"wb.shrink({panel.shown!r}, trace")


def test_what_a_source_has_not_is_neither_asked_for_nor_taken(tmp_path: Path) -> None:
    records = [message("m-1", {"n": 1}), put(1, "key", {}, 1)]
    with trace_of(tmp_path / "x.trace", records) as trace:
        panel = replay_panel(trace, "handlers.py:fine", tmp_path)
        settle(panel)
        panel.source, panel.settings = "kinesis:orders", {"maximum_retry_attempts": "2"}
        settle(panel)
        assert [each["as_is"] for each in panel.fields] == [
            "100",
            "0",
            "until they expire",
            "off",
            "off",
        ]
        assert "maximum_retry_attempts=2" in panel.call

        panel.source = "sqs:orders"
        settle(panel)
        assert [each["name"] for each in panel.fields] == [
            "batch_size",
            "maximum_batching_window_in_seconds",
            "function_response_types",
        ]
        assert "maximum_retry_attempts" not in panel.call
        panel.close()


def test_a_switch_is_set_off_too(panel: ReplayPanel) -> None:
    panel.settings = {"function_response_types": False}
    settle(panel)

    assert "function_response_types=()" in panel.call


def test_what_will_shut_a_handler_in_is_said_before_it_runs(panel: ReplayPanel) -> None:
    assert panel.isolation.startswith("isolation ")
    panel.handler = "no handler"
    settle(panel)
    assert (panel.isolation, panel.trouble) == ("", "")


def test_only_what_is_selected_or_one_record_is_replayed(panel: ReplayPanel) -> None:
    crossfilter(panel.trace).set("typed", Clause.typed("record_id in ('m-1', 'm-2')"))
    panel.only_selected = True
    settle(panel)
    assert "wb.Selection(where=" in panel.call
    run(panel, "handlers.py:fine")
    assert panel.to_frame()["records"].sum() == 2

    one = panel.trace.sql("select min(delivery_id) from records").item()
    panel.replay_only(one)
    settle(panel)
    assert f"delivery_ids=({one},)" in panel.call
    run(panel, "handlers.py:fine")
    assert panel.to_frame()["records"].sum() == 1


@pytest.mark.parametrize(
    ("handler", "settings", "said"),
    [
        ("", {}, "wanted a handler"),
        ("handlers.py:fine", {"batch_size": "many"}, "wanted a whole number as Batch size"),
    ],
)
def test_what_cannot_be_begun_is_said_in_the_panel(
    panel: ReplayPanel, handler: str, settings: dict[str, str], said: str
) -> None:
    panel.handler, panel.settings = handler, settings
    panel._handle_custom_msg({"kind": "start"}, [])
    settle(panel)

    assert said in panel.trouble
    with pytest.raises(UsageError, match=said):
        panel.start()


def test_a_handler_that_does_not_load_is_said_where_progress_is(panel: ReplayPanel) -> None:
    panel.handler = "handlers.py:nowhere"
    job = panel.start()
    job.ended(60)
    ended(panel)

    assert "nowhere" in panel.progress["error"]
    assert "\n" not in panel.progress["error"]
    assert panel.runs == []


def test_the_call_replays_the_same(panel: ReplayPanel) -> None:
    panel.settings = {"batch_size": "2", "function_response_types": True}
    settle(panel)
    assert panel.call == (
        "wb.replay(trace, 'handlers.py:fine', source='sqs:orders', mapping=wb.EventSourceMapping(batch_size=2,"
        f" function_response_types=('ReportBatchItemFailures',)), folder=Path({str(panel.trace.path.parent)!r}))"
    )


def test_nothing_replayed_is_said_in_a_saved_notebook(panel: ReplayPanel) -> None:
    assert "Nothing was replayed" in panel._repr_mimebundle_()[0]["text/html"]
