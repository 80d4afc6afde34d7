"""README says only what is true: every command in it runs as it stands there."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from connectors import local_client
from tests.conftest import REPOSITORY
from workbench.local_aws import LocalAws

README = (REPOSITORY / "README.md").read_text("utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
]
REGION = "eu-west-1"
BY_THEMSELVES = ("pytest", "workbench lab", "workbench demo")


@pytest.fixture
def clone(tmp_path: Path, demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as README's reader has it: a demo, a trace, files to import."""
    shutil.copytree(demo_folder, tmp_path / "demo")
    shutil.copytree(demo_folder / "demo.trace", tmp_path / "incident.trace")
    shutil.copytree(
        REPOSITORY / "datasets" / "poison-order.trace", tmp_path / "datasets" / "poison-order.trace"
    )
    shutil.copytree(
        REPOSITORY / "datasets" / "retry-storm.trace", tmp_path / "datasets" / "retry-storm.trace"
    )
    (tmp_path / "events").mkdir()
    event = {"source": "shop", "detail-type": "placed", "id": "1", "time": "2026-11-20T10:00:00Z"}
    envelope = {
        "version": "0",
        "account": "111111111111",
        "region": REGION,
        "resources": [],
        "detail": {"order": 1},
    }
    (tmp_path / "events" / "placed.json").write_text(json.dumps({**envelope, **event}))
    message = {"MessageId": "m1", "ReceiptHandle": "h", "MD5OfBody": "x", "Body": "{}"}
    (tmp_path / "dlq.json").write_text(
        json.dumps({"Messages": [message | {"Attributes": {"SentTimestamp": "1"}}]})
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def account(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The AWS settings of somebody whose profile `prod` leads to a local AWS with the sources of README."""
    clients = {
        name: local_client(name, local_aws.endpoint_url, region=REGION)
        for name in ("kinesis", "sqs", "logs")
    }
    clients["kinesis"].create_stream(StreamName="orders", ShardCount=1)
    clients["kinesis"].put_record(StreamName="orders", PartitionKey="k", Data=b"{}")
    clients["sqs"].create_queue(QueueName="orders-dlq")
    clients["logs"].create_log_group(logGroupName="/aws/lambda/charge")
    settings = tmp_path_factory.mktemp("aws") / "config"
    lines = (
        "[profile prod]",
        f"endpoint_url = {local_aws.endpoint_url}",
        "aws_access_key_id = someone",
        "aws_secret_access_key = secret",
    )
    settings.write_text("\n".join(lines))
    return settings


@pytest.mark.parametrize(
    "command", [line for line in COMMANDS if not any(each in line for each in BY_THEMSELVES)]
)
def test_a_command_of_readme_does_what_it_says(command: str, clone: Path, account: Path) -> None:
    if "workbench capture" in command:
        shutil.rmtree(clone / "incident.trace")

    ran = run(command, account)

    # A tap sees nothing that was published before it, and coverage says so.
    assert ran.returncode == 0 or (ran.returncode == 3 and "coverage" in command), ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_test_command_of_readme_is_the_one_that_every_change_must_pass() -> None:
    (command,) = [line for line in COMMANDS if "pytest" in line]

    assert command in (REPOSITORY / ".ci" / "run").read_text("utf-8").splitlines()


def test_the_demo_command_of_readme_makes_what_readme_says(demo_folder: Path) -> None:
    assert any("workbench demo" in line for line in COMMANDS)
    made = {path.name for path in demo_folder.iterdir()}
    assert {"demo.trace", "charge.py", "charge_fixed.py", "report.html"} <= made


def test_the_notebook_command_of_readme_opens_a_notebook_server(clone: Path, account: Path) -> None:
    (command,) = [line for line in COMMANDS if "workbench lab" in line]
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench", *command.split()[3:], "--no-browser"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        env={**os.environ, "JUPYTER_ALLOW_INSECURE_WRITES": "1"},
    )
    try:
        assert process.stderr is not None
        address = next(
            found.group()
            for line in process.stderr
            if (found := re.search(r"http://127\.0\.0\.1\S+token=\w+", line))
        )
        assert answers(address)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=30)


def answers(address: str) -> bool:
    """Whether a server says at that address that all is well, as soon as it listens."""
    for _ in range(100):
        try:
            with urllib.request.urlopen(address, timeout=20) as page:
                return page.status == 200
        except urllib.error.URLError:
            time.sleep(0.1)
    return False


def test_the_python_of_readme_runs(clone: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)

    exec(code, {})  # noqa: S102 - README is ours


def test_readme_names_every_command() -> None:
    from tests.workbench.cli.test_app import commands

    missing = [
        " ".join(command)
        for command in commands()
        if f"workbench {' '.join(command)}" not in README
    ]

    assert missing == []


def run(command: str, account: Path) -> "subprocess.CompletedProcess[str]":
    """The line as a shell runs it, with this interpreter in place of `uv run`."""
    line = command.replace("uv run workbench", f"{sys.executable} -m workbench")
    settings = {
        "AWS_CONFIG_FILE": str(account),
        "AWS_SHARED_CREDENTIALS_FILE": str(account.parent / "none"),
    }
    return subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **settings},
        timeout=120,
    )
