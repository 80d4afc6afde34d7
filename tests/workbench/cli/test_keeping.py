"""purge, and what capture and import say of redaction and retention, as a person meets them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors import local_client
from tests.connectors.local import unique
from tests.factories import QUEUE, kinesis_record, sqs_message, write_trace
from tests.workbench.cli.running import run
from workbench.local_aws import LocalAws
from workbench.trace import open_trace

MAIL = "bob@example.com"


@pytest.fixture(autouse=True)
def configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A person's configuration folder, new for each test."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    return tmp_path / "configuration"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    folder = tmp_path / "t.trace"
    records = [each(n, seconds=n) for n in range(1, 11) for each in (sqs_message, kinesis_record)]
    write_trace(folder, records).close()
    return folder


def event(folder: Path, body: object) -> Path:
    """A file with one SQS message."""
    record = {
        "messageId": "m",
        "body": json.dumps(body),
        "eventSource": "aws:sqs",
        "eventSourceARN": QUEUE,
    }
    file = folder / "event.json"
    file.write_text(json.dumps({"Records": [record]}))
    return file


def test_a_purge_counts_first_and_then_erases(
    trace: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = ("--before", "2026-11-20T10:00:05.500Z")

    counted = run(capfd, "purge", trace, "--source", "sqs:orders", *before, "--dry-run", "--json")
    purged = run(capfd, "purge", trace, "--source", "sqs:orders", *before, "--json")

    assert counted.document | {"dry_run": False, "segments": 1} == purged.document
    assert (purged.code, purged.document["rows"], purged.document["sources"]) == (0, 5, {QUEUE: 5})
    assert run(capfd, "verify", trace, "--json").document["ok"]
    coverage = run(capfd, "coverage", trace, "--json")
    assert coverage.code == 3
    assert [span["cause"] for span in coverage.document if span["state"] == "hole"] == ["filtered"]


def test_a_purge_for_people_says_how_many(trace: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ran = run(capfd, "purge", trace, "--where", "field(body, '$.order') = '3'")

    assert ran.code == 0
    assert "sqs:orders" in ran.out
    assert ran.complaint.startswith("2 deliveries purged")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--source, --before or --where"),
        (("--before", "soon"), "an instant such as"),
        (("--where", "1 +"), "DuckDB does not accept"),
        (("--source", "sqs:nope"), "a source of the trace"),
    ],
)
def test_a_wrong_purge_is_one_line_and_nothing_is_purged(
    trace: Path, capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    ran = run(capfd, "purge", trace, *arguments)

    assert (ran.code, said in ran.complaint) == (2, True)
    assert run(capfd, "info", trace, "--json").document["records"] == 20


def test_a_folder_without_a_trace_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(capfd, "purge", tmp_path, "--before", "1d")

    assert (ran.code, "wanted a trace" in ran.complaint) == (1, True)


def test_an_import_says_that_payloads_are_stored_as_received(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], configuration: Path
) -> None:
    ran = run(capfd, "import", tmp_path / "t.trace", event(tmp_path, {"mail": MAIL}), "--json")

    assert "payloads are stored as received; --redact detect" in ran.complaint
    assert not configuration.exists(), "no key is made for nothing"
    assert MAIL in run(capfd, "sql", tmp_path / "t.trace", "select body from records").out


def test_an_import_redacts_with_a_key_of_one_s_own(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], configuration: Path
) -> None:
    file = event(tmp_path, {"mail": MAIL})

    first = run(capfd, "import", tmp_path / "a.trace", file, "--redact", "detect", "--json")
    run(capfd, "import", tmp_path / "b.trace", file, "--redact", "detect")

    assert (first.code, first.err) == (0, "")
    assert [each.name for each in configuration.rglob("*.key")] == ["redaction.key"]
    with open_trace(tmp_path / "a.trace") as one, open_trace(tmp_path / "b.trace") as other:
        (body, size), same = (
            each.sql("select body, body_bytes from records").row(0) for each in (one, other)
        )
        assert (body, size) == same
        assert MAIL.encode() not in body
        assert size == len(json.dumps({"mail": MAIL}))
        assert json.loads(one.sql("select redaction from captures").item())["profile"] == "detect"


def test_another_way_of_redacting_in_one_trace_is_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file, trace = event(tmp_path, {"mail": MAIL}), tmp_path / "t.trace"
    run(capfd, "import", trace, file, "--redact", "detect")

    ran = run(
        capfd, "import", trace, file, "--redact", "detect", "--redact-key", tmp_path / "k", "--json"
    )

    assert "equal values of the two do not compare" in ran.complaint


@pytest.mark.parametrize("profile", ["nothing", "allowlist:x"])
def test_a_wrong_profile_is_one_line_and_makes_no_trace(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], profile: str
) -> None:
    ran = run(capfd, "import", tmp_path / "t.trace", event(tmp_path, {}), "--redact", profile)

    assert (ran.code, ran.complaint.startswith("workbench: wanted")) == (2, True)
    assert not (tmp_path / "t.trace").exists()


def test_a_key_in_the_trace_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    trace = tmp_path / "t.trace"

    ran = run(
        capfd,
        "import",
        trace,
        event(tmp_path, {}),
        "--redact",
        "detect",
        "--redact-key",
        trace / "k",
    )

    assert (ran.code, "outside the trace" in ran.complaint) == (2, True)


def test_a_capture_redacts_before_it_stores_and_keeps_only_so_long(
    tmp_path: Path, local_aws: LocalAws, capfd: pytest.CaptureFixture[str]
) -> None:
    kinesis = local_client("kinesis", local_aws.endpoint_url)
    name, trace = unique("redacted"), tmp_path / "t.trace"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.put_record(StreamName=name, PartitionKey=MAIL, Data=json.dumps({"mail": MAIL}).encode())
    local = ("--endpoint-url", local_aws.endpoint_url, "--region", local_aws.region, "--json")

    ran = run(
        capfd,
        "capture",
        trace,
        f"kinesis:{name}",
        "--redact",
        "detect",
        "--retention",
        "30d",
        *local,
    )

    assert (ran.code, ran.document["records"], ran.err) == (0, 1, "")
    with open_trace(trace) as opened:
        record = opened.sql("select * from records").row(0, named=True)
        redaction = opened.sql("select redaction from captures").item()
        settings = opened.settings()
    assert MAIL not in repr(record)
    assert record["ordering_key"] in record["body"].decode()
    assert json.loads(redaction)["profile"] == "detect"
    assert settings == {"retention": "30d"}
    plain = run(capfd, "capture", trace, f"kinesis:{name}", *local)
    assert "stored as received" in plain.err
    assert "was last filled with profile detect" in plain.err
    assert datetime.now(UTC) > record["received_at"]
