"""A capture in a process of its own: started, watched, stopped, and its failure told in its own words."""

import json
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from connectors import local_client
from tests.connectors.local import unique
from workbench.errors import WorkbenchError
from workbench.local_aws import LocalAws
from workbench.trace.capture_process import ask_preflight, start_capture


@pytest.fixture
def stream(local_aws: LocalAws) -> str:
    kinesis = local_client("kinesis", local_aws.endpoint_url)
    name = unique("process")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    records = [{"PartitionKey": "k", "Data": json.dumps({"n": n}).encode()} for n in range(20)]
    kinesis.put_records(StreamName=name, Records=records)
    return f"kinesis:{name}"


def test_a_capture_runs_beside_the_notebook_and_answers_what_it_stored(
    stream: str, local_aws: LocalAws, tmp_path: Path
) -> None:
    capture = start_capture(
        tmp_path / "t.trace", [stream], region=local_aws.region, endpoint_url=local_aws.endpoint_url
    )

    document = capture.wait(60)

    assert (document["records"], document["complete"]) == (20, True)
    assert list(capture.progress().values()) == [20]
    assert not capture.running


def test_a_following_capture_is_stopped_and_keeps_what_it_has(
    stream: str, local_aws: LocalAws, tmp_path: Path
) -> None:
    capture = start_capture(
        tmp_path / "t.trace",
        [stream],
        follow=True,
        region=local_aws.region,
        endpoint_url=local_aws.endpoint_url,
    )
    while sum(capture.progress().values()) < 20:
        assert capture.running
        time.sleep(0.1)

    document = capture.stop()

    assert (document["records"], document["state"]) == (20, "stopped")


def test_an_incident_is_captured_with_its_manifest(
    stream: str, local_aws: LocalAws, tmp_path: Path
) -> None:
    capture = start_capture(
        tmp_path / "t.trace",
        [stream, "sqs:orders-dlq"],
        around="1s",
        window="1m",
        region=local_aws.region,
        endpoint_url=local_aws.endpoint_url,
    )
    while sum(capture.progress().values()) < 20:
        assert capture.running
        time.sleep(0.1)

    document = capture.stop()

    assert document["records"] == 20
    assert [offer["source"] for offer in document["available"]] == [stream, "sqs:orders-dlq"]
    assert document["available"][1]["error"] is not None


def test_what_is_asked_for_reaches_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(
        "workbench.trace.capture_process.subprocess.Popen",
        lambda command, **said: started.append(command),
    )

    start_capture(
        tmp_path / "t.trace",
        ["kinesis:orders"],
        around="2026-11-20T10:00Z",
        window="30m",
        redact="strict",
        kcl_application="orders-app",
    )

    [command] = started
    pairs = set(pairwise(command))
    assert {
        ("--around", "2026-11-20T10:00Z"),
        ("--window", "30m"),
        ("--redact", "strict"),
        ("--kcl-application", "orders-app"),
    } <= pairs
    assert not {"--since", "--until", "--follow"} & set(command)


def test_a_capture_that_cannot_start_says_why(local_aws: LocalAws, tmp_path: Path) -> None:
    capture = start_capture(
        tmp_path / "t.trace",
        ["kinesis:nope"],
        region=local_aws.region,
        endpoint_url=local_aws.endpoint_url,
    )

    with pytest.raises(WorkbenchError, match="nope"):
        capture.wait(60)


def test_a_preflight_that_cannot_be_asked_says_so_in_one_line() -> None:
    with pytest.raises(WorkbenchError, match="kafka") as raised:
        ask_preflight(["kafka:orders"])

    assert "\n" not in str(raised.value)


def test_a_preflight_that_nobody_waits_for_is_ended() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(WorkbenchError, match="ended with code -9"):
        ask_preflight(["kinesis:orders"], endpoint_url="http://127.0.0.1:1", stop=stop)
