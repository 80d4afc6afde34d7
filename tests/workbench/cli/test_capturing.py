"""Capture and import from the command line: what goes wrong is one line, and what was captured stays."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors import local_client
from tests.connectors.local import unique
from tests.workbench.cli.running import run
from workbench.local_aws import LocalAws


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without AWS credentials, settings or metadata service."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


@pytest.fixture
def stream(local_aws: LocalAws) -> str:
    """A stream with two shards and fifty records."""
    kinesis = local_client("kinesis", local_aws.endpoint_url)
    name = unique("cli")
    kinesis.create_stream(StreamName=name, ShardCount=2)
    records = [{"PartitionKey": f"k{n}", "Data": json.dumps({"n": n}).encode()} for n in range(50)]
    kinesis.put_records(StreamName=name, Records=records)
    return name


def local(aws: LocalAws) -> tuple[str, ...]:
    return ("--endpoint-url", aws.endpoint_url, "--region", aws.region)


def test_a_capture_stores_everything_and_a_second_adds_nothing(
    stream: str, local_aws: LocalAws, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    first = run(
        capfd, "capture", tmp_path / "t.trace", f"kinesis:{stream}", *local(local_aws), "--json"
    )
    second = run(
        capfd, "capture", tmp_path / "t.trace", f"kinesis:{stream}", *local(local_aws), "--json"
    )

    assert (first.code, first.document["records"], first.document["complete"]) == (0, 50, True)
    assert (second.code, second.document["records"]) == (0, 0)
    assert run(capfd, "info", tmp_path / "t.trace", "--json").document["records"] == 50
    assert run(capfd, "verify", tmp_path / "t.trace", "--json").document["ok"]


def test_a_queue_is_not_touched_before_its_mode_is_named(
    tmp_path: Path, local_aws: LocalAws, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(capfd, "capture", tmp_path / "t.trace", "sqs:orders", *local(local_aws))

    assert ran.code == 1
    assert "peek" in ran.complaint
    assert not (tmp_path / "t.trace").exists()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("kinesis:no-such-stream", "no-such-stream"),
        ("kinseis:orders", "kinesis:"),
        ("sqs:no-such-queue", "no-such-queue"),
    ],
)
def test_a_source_that_is_not_there_is_one_line(
    source: str, said: str, local_aws: LocalAws, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(capfd, "capture", tmp_path / "t.trace", source, "--mode", "peek", *local(local_aws))

    assert ran.code in (1, 2)
    assert said in ran.complaint


def test_no_credentials_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ran = run(capfd, "capture", tmp_path / "t.trace", "kinesis:orders", "--region", "eu-west-1")

    assert ran.code == 1
    assert "credentials" in ran.complaint.lower()


def test_no_region_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ran = run(capfd, "capture", tmp_path / "t.trace", "kinesis:orders")

    assert ran.code == 1
    assert "--region" in ran.complaint


def test_an_endpoint_where_nobody_listens_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    endpoint = ("--endpoint-url", "http://127.0.0.1:9", "--region", "us-east-1")

    ran = run(capfd, "capture", tmp_path / "t.trace", "kinesis:orders", *endpoint)

    assert ran.code == 1
    assert "127.0.0.1:9" in ran.complaint


@pytest.fixture
def refusing_server() -> Iterator[str]:
    """A server that answers every call as AWS does where a right is missing."""

    class Refusing(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer = b'{"__type":"AccessDeniedException","message":"User: me is not authorized to perform: it"}'
            self.send_response(400)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_missing_right_is_one_line(
    refusing_server: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    endpoint = ("--endpoint-url", refusing_server, "--region", "us-east-1")

    ran = run(capfd, "capture", tmp_path / "t.trace", "kinesis:orders", *endpoint)

    assert ran.code == 1
    assert "not authorized" in ran.complaint


def test_an_unknown_mode_is_wrong_use(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ran = run(
        capfd, "capture", tmp_path / "t.trace", "sqs:q", "--mode", "steal", "--region", "us-east-1"
    )

    assert ran.code == 2
    assert "steal" in ran.complaint


def test_a_wrong_age_is_wrong_use(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ran = run(
        capfd,
        "capture",
        tmp_path / "t.trace",
        "kinesis:q",
        "--since",
        "yesterday",
        "--region",
        "us-east-1",
    )

    assert ran.code == 2
    assert "yesterday" in ran.complaint


def test_an_import_that_skipped_something_says_so_in_its_code(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.bin").write_bytes(b"\x00\x01\x02")

    ran = run(capfd, "import", tmp_path / "t.trace", tmp_path / "notes.bin", "--json")

    assert ran.code == 3
    assert ran.document["skipped"][0]["file"].endswith("notes.bin")


def test_an_import_of_nothing_there_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(capfd, "import", tmp_path / "t.trace", tmp_path / "nope.json")

    assert ran.code == 1
    assert "nope.json" in ran.complaint


def test_the_policy_names_only_what_the_capture_needs(capfd: pytest.CaptureFixture[str]) -> None:
    document = run(capfd, "policy", "kinesis:orders", "sqs:orders-dlq", "--mode", "peek").document

    allowed = {a for s in document["Statement"] if s["Effect"] == "Allow" for a in s["Action"]}
    assert {"kinesis:GetRecords", "sqs:ReceiveMessage"} <= allowed
    assert not allowed & {"sqs:DeleteMessage", "sqs:SendMessage", "kinesis:PutRecord"}
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert len(set(sids)) == len(sids)
