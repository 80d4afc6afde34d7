"""A capture from a panel, against a local AWS."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors import local_client
from tests.connectors.local import unique
from workbench.errors import UsageError
from workbench.local_aws import LocalAws
from workbench.widgets.capture_panel import CapturePanel, capture_panel


@pytest.fixture
def panel(local_aws: LocalAws, tmp_path: Path) -> Iterator[CapturePanel]:
    kinesis = local_client("kinesis", local_aws.endpoint_url)
    name = unique("panel")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    records = [{"PartitionKey": "k", "Data": json.dumps({"n": n}).encode()} for n in range(20)]
    kinesis.put_records(StreamName=name, Records=records)
    made = capture_panel(
        tmp_path / "t.trace",
        f"kinesis:{name}",
        region=local_aws.region,
        endpoint_url=local_aws.endpoint_url,
    )
    yield made
    made.stop()
    made.close()


def stored(panel: CapturePanel) -> None:
    """Wait until what the stream has is in the trace."""
    for _ in range(300):
        if panel.rows and panel.rows[0][1] == "20":
            return
        time.sleep(0.1)


def test_a_stop_and_a_close_at_once_stop_the_capture(panel: CapturePanel) -> None:
    panel.options = panel.options | {"follow": True}
    capture = panel.start()
    panel.stop()
    panel.close()

    assert not capture.running


def test_nothing_begins_without_a_press_and_what_it_needs_is_said_first(
    panel: CapturePanel,
) -> None:
    assert panel.capture is None
    assert (panel.job, panel.progress) == (None, {})
    assert not Path(panel.path).exists()
    assert "kinesis:GetRecords" in panel.policy
    assert panel.call.startswith("wb.start_capture(")


def test_a_capture_is_watched_to_its_end(panel: CapturePanel) -> None:
    panel._handle_custom_msg({"kind": "start"}, [])
    panel.settle()

    assert (panel.progress["state"], panel.trouble, panel.said) == ("done", "", "complete")
    assert panel.progress["figures"].startswith(": 20 records")
    assert panel.to_frame()["records"].to_list() == [20]
    assert [row[1] for row in panel.rows] == ["20"]
    assert "20" in panel._repr_mimebundle_()[0]["text/html"]


def test_one_that_follows_is_stopped_by_a_press(panel: CapturePanel) -> None:
    panel.options = panel.options | {"follow": True}
    panel._handle_custom_msg({"kind": "start"}, [])
    stored(panel)
    with pytest.raises(UsageError, match="goes on"):
        panel.start()

    other = capture_panel(panel.path)
    other._handle_custom_msg({"kind": "attach"}, [])
    assert (other.trouble, other.is_busy) == ("", True)

    panel._handle_custom_msg({"kind": "cancel"}, [])
    panel.settle()

    assert panel.progress["state"] == "cancelled"
    assert panel.said in ("complete", "incomplete: see the holes")
    other.settle()
    assert other.said == "the other process has ended it"
    assert [row[1] for row in other.rows] == ["20"]


def test_to_stop_looking_on_does_not_stop_the_capture(panel: CapturePanel) -> None:
    panel.options = panel.options | {"follow": True}
    capture = panel.start()
    stored(panel)
    other = capture_panel(panel.path)
    other.attach()
    other.stop()
    other.settle()

    assert other.progress["state"] == "cancelled"
    assert capture.running


def test_closing_the_panel_lets_the_capture_go_on(panel: CapturePanel) -> None:
    panel.options = panel.options | {"follow": True}
    capture = panel.start()
    stored(panel)
    panel.close()

    assert capture.running
    capture.stop()


def test_nobody_captures_is_said(panel: CapturePanel) -> None:
    panel._handle_custom_msg({"kind": "attach"}, [])
    assert "wanted" in panel.trouble


def test_what_a_capture_would_meet_is_asked_on_a_press(panel: CapturePanel) -> None:
    panel._handle_custom_msg({"kind": "check"}, [])
    panel.settle()

    assert (panel.progress["state"], panel.trouble) == ("done", "")
    (row,) = panel.checked
    assert row[0] == panel.sources
    assert row[2] in ("ready", "not ready")
    assert not Path(panel.path).exists()


@pytest.mark.parametrize(
    ("sources", "said"), [("", "wanted sources"), ("sqs:orders", "mode"), ("kafka:x", "wanted")]
)
def test_half_a_name_says_what_is_wanted(tmp_path: Path, sources: str, said: str) -> None:
    made = capture_panel(tmp_path / "t.trace", sources)
    assert said in made.policy
    made.close()


def test_a_capture_that_cannot_be_says_so(tmp_path: Path) -> None:
    made = capture_panel(tmp_path / "t.trace", "kafka:orders")
    made._handle_custom_msg({"kind": "start"}, [])
    made.settle()

    assert "kafka" in made.progress["error"]
    assert made.progress["state"] == "failed"
    made.close()
