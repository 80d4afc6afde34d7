"""A local AWS never outlives its owner, listens to nobody else, and says why it does not come."""

import importlib.util
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from connectors import local_client
from workbench.errors import WorkbenchError
from workbench.local_aws import LocalAws, local_aws

OWNER = """
import sys, time
from workbench.local_aws import local_aws
with local_aws() as aws:
    print(aws.pid, aws.folder, flush=True)
    time.sleep(60)
"""


def group_members(pid: int) -> list[int]:
    """The live processes of a process group."""
    members = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[-1].split()
        except OSError:
            continue
        if int(fields[2]) == pid and fields[0] != "Z":
            members.append(int(stat.parent.name))
    return members


def gone(pid: int, folder: Path, seconds: float = 10.0) -> bool:
    """Whether everything is gone before the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not group_members(pid) and not folder.exists():
            return True
        time.sleep(0.05)
    return False


def with_a_warm_function(aws: LocalAws) -> None:
    """Leave a worker process of the server behind."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("main.py", "def handle(event, context):\n    return event\n")
    client: Any = local_client("lambda", aws.endpoint_url)
    client.create_function(
        FunctionName="warm",
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/r",
        Handler="main.handle",
        Code={"ZipFile": archive.getvalue()},
    )
    answer = client.invoke(FunctionName="warm", Payload=b'{"a": 1}')
    assert json.loads(answer["Payload"].read()) == {"a": 1}


def test_server_workers_and_folder_go_with_the_block() -> None:
    with local_aws() as aws:
        with_a_warm_function(aws)
        assert len(group_members(aws.pid)) > 1
        assert aws.folder.is_dir()
    assert group_members(aws.pid) == []
    assert not aws.folder.exists()


def test_server_and_folder_go_when_the_block_fails() -> None:
    def fail() -> None:
        with local_aws() as aws:
            seen.append(aws)
            raise KeyError("inside")

    seen: list[LocalAws] = []
    with pytest.raises(KeyError, match="inside"):
        fail()
    assert group_members(seen[0].pid) == []
    assert not seen[0].folder.exists()


@pytest.mark.parametrize("killed_by", [signal.SIGTERM, signal.SIGKILL])
def test_server_and_folder_go_when_the_owner_is_killed(killed_by: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        pid, folder = owner.stdout.readline().split()
        assert group_members(int(pid))
        owner.send_signal(killed_by)
        owner.wait()
    assert gone(int(pid), Path(folder))


def test_it_listens_on_loopback_only_and_sees_no_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with local_aws() as aws:
        port = int(aws.endpoint_url.rsplit(":", 1)[-1])
        listening = [
            line.split()[1]
            for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
            if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
        ]
        assert listening == [f"0100007F:{port:04X}"]
        assert b"real" not in Path(f"/proc/{aws.pid}/environ").read_bytes()


def test_a_taken_port_is_said_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(WorkbenchError, match=f"port {port}.*in use"), local_aws(port=port):
            pass


def test_a_server_that_is_not_installed_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with (
        pytest.raises(WorkbenchError, match=r"pip install 'replay-workbench\[local\]'"),
        local_aws(),
    ):
        pass


def test_a_server_that_does_not_come_up_is_said_so_with_its_last_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "keeper.py"
    broken.write_text("raise SystemExit('no such luck')")
    monkeypatch.setattr("workbench.local_aws._KEEPER", broken)
    before = set(Path(os.environ.get("TMPDIR", "/tmp")).glob("workbench-local-aws-*"))
    with pytest.raises(WorkbenchError, match=r"ended with 1 .*no such luck"), local_aws():
        pass
    assert set(Path(os.environ.get("TMPDIR", "/tmp")).glob("workbench-local-aws-*")) <= before
