"""Capture and import from the command line: what goes wrong is one line, and what was captured stays."""

import http.server
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors import local_client
from tests.connectors.local import unique
from tests.workbench.cli.running import run
from workbench.cli.interrupts import stopping_on_signals
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


def test_people_get_a_table_and_a_last_line(
    stream: str, local_aws: LocalAws, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(capfd, "capture", tmp_path / "t.trace", f"kinesis:{stream}", *local(local_aws))

    assert f"kinesis:{stream}" in ran.out
    assert ran.err.endswith(f"50 records, 0 holes in {tmp_path / 't.trace'}\n")


class Capture:
    """A `workbench capture` in a process of its own."""

    def __init__(self, aws: LocalAws, trace: Path, *arguments: str) -> None:
        words = [sys.executable, "-m", "workbench", "capture", str(trace), *arguments, *local(aws)]
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def wait_for(self, trace: Path, records: int, capfd: pytest.CaptureFixture[str]) -> None:
        """Until it has stored so many."""
        while not (trace / "catalog.sqlite").exists():
            assert self.process.poll() is None
        while run(capfd, "info", trace, "--json").document["records"] < records:
            assert self.process.poll() is None

    def ended(self) -> tuple[int, str, str]:
        """Code, standard output and standard error, once it has."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@pytest.fixture
def captures(local_aws: LocalAws) -> Iterator[Any]:
    started: list[Capture] = []

    def start(trace: Path, *arguments: str) -> Capture:
        started.append(Capture(local_aws, trace, *arguments))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()


def test_a_second_start_takes_over_and_the_first_ends_with_one_line(
    stream: str,
    captures: Any,
    local_aws: LocalAws,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    trace = tmp_path / "t.trace"
    first = captures(trace, f"kinesis:{stream}", "--follow")
    first.wait_for(trace, 50, capfd)
    kinesis = local_client("kinesis", local_aws.endpoint_url)

    second = captures(trace, f"kinesis:{stream}", "--follow", "--json")
    code, out, said = first.ended()
    kinesis.put_record(StreamName=stream, PartitionKey="late", Data=b"late")
    second.wait_for(trace, 51, capfd)
    second.process.send_signal(signal.SIGTERM)
    second_code, document, second_said = second.ended()

    assert (code, out) == (1, "")
    assert "Traceback" not in said
    assert said.splitlines()[-1] == (
        f"workbench: another capture has taken over arn:aws:kinesis:us-east-1:000000000000:stream/{stream}; "
        "this one stops, nothing is lost"
    )
    assert (second_code, json.loads(document)["records"]) == (130, 1)
    assert second_said.endswith("workbench: interrupted; 1 record safe, the same command resumes\n")
    assert second_said.count("interrupted") == 1
    assert run(capfd, "verify", trace, "--json").document["ok"]
    assert run(capfd, "info", trace, "--json").document["records"] == 51
    counted = "select count(*) as n, count(distinct record_id) as ids from records"
    assert run(capfd, "sql", trace, counted, "--json").document == [{"n": 51, "ids": 51}]


def test_the_first_ctrl_c_is_a_wish_and_the_second_an_order() -> None:
    stop = threading.Event()

    with stopping_on_signals(stop) as interrupted:
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        assert interrupted.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def text_of(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_an_incident_is_captured_from_all_its_sources_with_one_manifest(
    stream: str, local_aws: LocalAws, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    topic = unique("incident")
    arn = local_client("sns", local_aws.endpoint_url).create_topic(Name=topic)["TopicArn"]
    around = text_of(datetime.now(UTC) - timedelta(minutes=1))

    ran = run(
        capfd,
        *("capture", tmp_path / "t.trace", "--around", around, "--window", "50s"),
        *(f"kinesis:{stream}", f"sns:{topic}", "sqs:orders-dlq", *local(local_aws), "--json"),
    )

    assert ran.code == 3
    sources = {source["source_arn"]: source for source in ran.document["sources"]}
    assert sources[arn]["holes_by_cause"] == {"latest_start": 1}
    assert (
        "peek" in sources["sqs:orders-dlq"]["error"]
        or "orders-dlq" in sources["sqs:orders-dlq"]["error"]
    )
    there = {offer["source"]: offer for offer in ran.document["available"]}
    assert there[f"kinesis:{stream}"]["gone_until_at"] is None
    assert there[f"sns:{topic}"]["gone_until_at"] == ran.document["window"]["to_at"]
    assert not local_client("sns", local_aws.endpoint_url).list_subscriptions_by_topic(
        TopicArn=arn
    )["Subscriptions"]
    assert "sqs:orders-dlq is left out, the others go on" in ran.err


def test_a_window_that_reaches_into_the_future_is_followed_to_its_end(
    stream: str, local_aws: LocalAws, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)

    ran = run(
        capfd,
        *("capture", tmp_path / "t.trace", f"kinesis:{stream}", "--around", text_of(now)),
        *("--window", "3s", *local(local_aws), "--json"),
    )

    spans = run(capfd, "coverage", tmp_path / "t.trace", "--json").document
    assert ran.code == 0
    assert ran.document["complete"]
    assert max(span["to_at"] for span in spans) >= ran.document["window"]["to_at"]


def test_an_incident_takes_no_other_bounds(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(
        capfd,
        *("capture", tmp_path / "t.trace", "kinesis:orders", "--region", "us-east-1"),
        *("--around", "2026-11-20T10:00Z", "--since", "2h"),
    )

    assert ran.code == 2
    assert "--since" in ran.complaint
    assert not (tmp_path / "t.trace").exists()


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
