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


def test_nothing_begins_without_a_press_and_what_it_needs_is_said_first(
    panel: CapturePanel,
) -> None:
    assert panel.capture is None
    assert not panel.running
    assert "kinesis:GetRecords" in panel.policy
    assert panel.call.startswith("wb.start_capture(")


def test_a_capture_is_watched_to_its_end(panel: CapturePanel) -> None:
    panel._handle_custom_msg({"kind": "start"}, [])
    panel.settle()

    assert (panel.running, panel.trouble, panel.said) == (False, "", "ended, complete")
    assert [row[1] for row in panel.rows] == ["20"]
    assert "20" in panel._repr_mimebundle_()[0]["text/html"]


def test_one_that_follows_is_stopped_by_a_press(panel: CapturePanel) -> None:
    panel.options = panel.options | {"follow": True}
    panel._handle_custom_msg({"kind": "start"}, [])
    for _ in range(300):
        if panel.rows and panel.rows[0][1] == "20":
            break
        time.sleep(0.1)
    with pytest.raises(UsageError, match="goes on"):
        panel.start()

    panel._handle_custom_msg({"kind": "stop"}, [])
    panel.settle()

    assert not panel.running
    assert panel.said.startswith("ended")


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

    assert made.trouble
    assert not made.running
    made.close()
