"""shrink on the command line: what is left, what is written, and one line where nothing failed."""

from pathlib import Path

import pytest

from tests.workbench.cli.running import run
from tests.workbench.findings.traces import message, trace_of
from tests.workbench.replay.invokers.processes import needs_namespaces

HANDLER = """
import json

def handle(event, context):
    for record in event["Records"]:
        if json.loads(record["body"])["poison"]:
            raise ValueError("poison")

def fine(event, context):
    pass
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    needs_namespaces()
    records = [message(f"m{n}", {"poison": n == 3}, n // 2) for n in range(6)]
    trace_of(tmp_path / "t.trace", records).close()
    (tmp_path / "handlers.py").write_text(HANDLER)
    (tmp_path / "queue.json").write_text('{"RedrivePolicy": {"maxReceiveCount": 1}}')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def replayed(capfd: pytest.CaptureFixture[str], handler: str) -> None:
    ran = run(
        capfd, "replay", "t.trace", handler, "--source", "sqs:orders",
        "--queue-attributes", "queue.json", "--json",
    )  # fmt: skip
    assert ran.code == 0


def test_the_record_that_fails_is_told_and_kept(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    replayed(capfd, "handlers.py:handle")

    ran = run(capfd, "shrink", "t.trace", "--save", "kept", "--queue-attributes", "queue.json")
    document = run(
        capfd, "shrink", "t.trace", "--json", "--queue-attributes", "queue.json"
    ).document

    assert "1 of 6 records fail with ValueError: poison: always" in ran.out + ran.err
    assert [row["record_id"] for row in document["records"]] == ["m3"]
    assert sorted(path.name for path in (folder / "kept").iterdir()) == [
        "handlers_handle.events.json",
        "handlers_handle.sh",
        "test_handlers_handle.py",
    ]


def test_a_run_that_did_not_fail_and_a_trace_without_runs_are_one_line(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert "found 0; replay first" in run(capfd, "shrink", "t.trace").complaint
    replayed(capfd, "handlers.py:fine")
    assert "found no failure at all" in run(capfd, "shrink", "t.trace").complaint
