"""`workbench tail` as a person meets it: lines, Ctrl-C, a pipe that closes, and a trace that can be kept."""

import json
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors import local_client
from tests.connectors.local import epoch_ms, unique
from tests.workbench.cli.running import run
from workbench.local_aws import LocalAws
from workbench.trace import open_trace


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without AWS credentials or settings, and with a folder for temporary files of its own."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("TMPDIR", str(temporary(tmp_path)))
    monkeypatch.setattr(tempfile, "tempdir", None)


def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def kinesis(local_aws: LocalAws) -> Any:
    return local_client("kinesis", local_aws.endpoint_url)


@pytest.fixture
def stream(kinesis: Any) -> str:
    name = unique("tail")
    kinesis.create_stream(StreamName=name, ShardCount=2)
    return name


def put(kinesis: Any, stream: str, *numbers: int) -> None:
    for n in numbers:
        data = json.dumps({"order": {"id": n}}).encode()
        kinesis.put_record(StreamName=stream, PartitionKey=f"k{n}", Data=data)


def local(aws: LocalAws) -> tuple[str, ...]:
    return ("--endpoint-url", aws.endpoint_url, "--region", aws.region)


class Tail:
    """A `workbench tail` in a process of its own."""

    def __init__(self, aws: LocalAws, *arguments: object) -> None:
        words = [sys.executable, "-m", "workbench", "tail", *map(str, arguments), *local(aws)]
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out, self.err = self.process.stdout, self.process.stderr

    def lines(self, count: int) -> list[str]:
        """The next lines, as soon as they are out."""
        return [self.out.readline().rstrip("\n") for _ in range(count)]

    def interrupt(self) -> tuple[int, str]:
        """Ctrl-C: the exit code and the last words."""
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said.splitlines()[-1]


@pytest.fixture
def tails(local_aws: LocalAws) -> Iterator[Any]:
    started: list[Tail] = []

    def start(*arguments: object) -> Tail:
        started.append(Tail(local_aws, *arguments))
        return started[-1]

    yield start
    for tail in started:
        tail.process.kill()
        tail.process.communicate()


def test_lines_come_while_records_arrive_and_ctrl_c_leaves_a_trace_that_can_be_kept(
    tails: Any, kinesis: Any, stream: str, tmp_path: Path
) -> None:
    put(kinesis, stream, 1, 2)
    tail = tails(f"kinesis:{stream}", "--since", "1h")
    beginning = tail.err.readline()
    first = tail.lines(2)
    put(kinesis, stream, 3)
    [third] = tail.lines(1)

    code, said = tail.interrupt()

    assert re.match(
        rf"workbench: kinesis:{stream} from \S+Z on; times are UTC, Ctrl-C ends", beginning
    )
    assert {line[-16:] for line in first} == {
        '{"order": {"id": 1}}'[-16:],
        '{"order": {"id": 2}}'[-16:],
    }
    assert third.endswith('  k3  {"order": {"id": 3}}')
    assert code == 130
    assert re.match(
        r"workbench: interrupted; 3 records, 0 holes; kept until \S+Z, or for good: mv ", said
    )
    trace = Path(said.split(" mv ")[1].split()[0])
    assert trace.is_relative_to(temporary(tmp_path))
    assert trace.parent.stat().st_mode & 0o777 == 0o700
    with open_trace(trace.rename(tmp_path / "mine.trace")) as opened:
        assert opened.sql("select count(*) from records").item() == 3


def test_a_tail_begins_at_the_tip(tails: Any, kinesis: Any, stream: str) -> None:
    put(kinesis, stream, 1)
    tail = tails(f"kinesis:{stream}")
    tail.err.readline()
    put(kinesis, stream, 2)

    [line] = tail.lines(1)

    assert line.endswith('{"order": {"id": 2}}')
    assert tail.interrupt()[1].startswith("workbench: interrupted; 1 record, 0 holes; kept until ")


def test_a_kept_trace_goes_on_where_it_ended(
    kinesis: Any,
    stream: str,
    local_aws: LocalAws,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    trace = tmp_path / "kept.trace"
    asked = ("tail", f"kinesis:{stream}", "--keep", trace, "--for", "3s", *local(local_aws))
    put(kinesis, stream, 1)
    first = run(capfd, *asked, "--since", "1h")
    put(kinesis, stream, 2)

    second = run(capfd, *asked)

    assert (first.code, second.code) == (0, 0)
    assert first.out.endswith('{"order": {"id": 1}}\n')
    assert second.out.endswith('{"order": {"id": 2}}\n')
    assert second.out.count("\n") == 1
    assert f"kinesis:{stream} from where the trace ends" in second.err
    assert f"1 record, 0 holes; kept in {trace}, the same command resumes" in second.err
    assert list(temporary(tmp_path).iterdir()) == []


def test_only_what_is_asked_for_is_shown_and_everything_is_kept(
    kinesis: Any,
    stream: str,
    local_aws: LocalAws,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    put(kinesis, stream, *range(10))
    where = ("--where", "$.order.id == 4 or ordering_key = 'k7'")

    ran = run(
        capfd,
        *("tail", f"kinesis:{stream}", "--since", "1h", "--json", "--for", "3s"),
        *(*where, "--keep", tmp_path / "t.trace", *local(local_aws)),
    )

    shown = {json.loads(line)["ordering_key"] for line in ran.out.splitlines()}
    assert shown == {"k4", "k7"}
    assert "10 records (2 shown)" in ran.err
    with open_trace(tmp_path / "t.trace") as trace:
        assert trace.sql("select count(*) from records").item() == 10


def test_a_wrong_condition_is_refused_before_anything_is_asked_of_aws(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    nobody = ("--endpoint-url", "http://127.0.0.1:9", "--region", "us-east-1")

    ran = run(capfd, "tail", "kinesis:orders", "--where", "nope = 1", *nobody)

    assert ran.code == 2
    assert 'Referenced column "nope" not found' in ran.complaint
    assert list(temporary(tmp_path).iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["kinesis:no-such-stream"], 1, "no-such-stream"),
        (["kinseis:orders"], 1, "kinesis:orders"),
        (["sqs:orders"], 1, "peek"),
        (["kinesis:orders", "--since", "yesterday"], 2, "yesterday"),
        (["kinesis:orders", "--for", "soon"], 2, "soon"),
        (["sqs:orders", "--mode", "steal"], 2, "steal"),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing_behind(
    arguments: list[str],
    code: int,
    said: str,
    local_aws: LocalAws,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    ran = run(capfd, "tail", *arguments, *local(local_aws))

    assert ran.code == code
    assert said in ran.complaint
    assert list(temporary(tmp_path).iterdir()) == []


def test_a_tail_that_has_seen_nothing_leaves_nothing(
    stream: str, local_aws: LocalAws, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(capfd, "tail", f"kinesis:{stream}", "--for", "3s", *local(local_aws))

    assert (ran.code, ran.out) == (0, "")
    assert ran.err.endswith("workbench: 0 records, 0 holes; nothing to keep\n")
    assert list(temporary(tmp_path).iterdir()) == []


def test_when_the_pipe_closes_the_tail_ends_quietly_with_its_trace_whole(
    tails: Any, kinesis: Any, stream: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    put(kinesis, stream, *range(20))
    tail = tails(f"kinesis:{stream}", "--since", "1h", "--keep", tmp_path / "t.trace")
    tail.lines(3)

    tail.out.close()
    tail.process.stdout = None
    _, said = tail.process.communicate(timeout=60)

    assert tail.process.returncode == 0
    assert "Error" not in said
    assert "Traceback" not in said
    assert run(capfd, "verify", tmp_path / "t.trace", "--json").document["ok"]
    with open_trace(tmp_path / "t.trace") as trace:
        assert trace.sql("select count(*) from records").item() == 20
        assert trace.sql("select state from captures").item() == "stopped"


def test_a_payload_cannot_write_on_the_terminal_nor_begin_a_line_of_its_own(
    kinesis: Any, stream: str, local_aws: LocalAws, capfd: pytest.CaptureFixture[str]
) -> None:
    data = "\x1b[2J\x1b]0;owned\x07\n! hole\r\x9b31m\u202e".encode()
    kinesis.put_record(StreamName=stream, PartitionKey="\x1b[31m\nkey", Data=data)

    for more in ([], ["--json"]):
        ran = run(
            capfd,
            *(
                "tail",
                f"kinesis:{stream}",
                "--since",
                "1h",
                "--for",
                "1s",
                *more,
                *local(local_aws),
            ),
        )
        assert len(ran.out.splitlines()) == 1
        assert ran.out.rstrip("\n").isprintable()


def test_what_is_redacted_is_on_no_screen_and_on_no_disk(
    kinesis: Any,
    stream: str,
    local_aws: LocalAws,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    data = b'{"mail":"bob@example.com"}'
    kinesis.put_record(StreamName=stream, PartitionKey="bob@example.com", Data=data)

    ran = run(
        capfd,
        *("tail", f"kinesis:{stream}", "--since", "1h", "--for", "3s", "--redact", "detect"),
        *("--redact-key", tmp_path / "key", "--keep", tmp_path / "t.trace", *local(local_aws)),
    )

    assert ran.out.count("tok_email_") == 2
    assert "bob@" not in ran.out + ran.err
    with open_trace(tmp_path / "t.trace") as trace:
        [kept] = trace.sql("select body, ordering_key, envelope from records").rows()
    assert "bob@" not in str(kept)


def test_a_topic_is_left_as_it_was_found(tails: Any, local_aws: LocalAws) -> None:
    sns = local_client("sns", local_aws.endpoint_url)
    arn = sns.create_topic(Name=unique("tail"))["TopicArn"]
    tail = tails(f"sns:{arn.rpartition(':')[2]}", "--for", "1h")
    while not sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]:
        assert tail.process.poll() is None
    sns.publish(TopicArn=arn, Subject="order placed", Message="hello")

    [line] = tail.lines(1)
    while line.startswith("! "):  # that the topic was not heard before may be said first
        [line] = tail.lines(1)
    code, _ = tail.interrupt()

    assert line.endswith("  order placed  hello")
    assert code == 130
    assert not sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]


def test_every_service_has_its_columns(
    local_aws: LocalAws, capfd: pytest.CaptureFixture[str]
) -> None:
    endpoint = local_aws.endpoint_url
    queue, group = unique("tail"), f"/aws/lambda/{unique('tail')}"
    sqs, logs = local_client("sqs", endpoint), local_client("logs", endpoint)
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="waiting")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="2026/11/20/[$LATEST]abcdef")
    line = "[ERROR]\t2026-01-05T10:00:00.490Z\t00000000-0000-4000-8000-000000000001\trefused"
    at = epoch_ms()
    logs.put_log_events(
        logGroupName=group,
        logStreamName="2026/11/20/[$LATEST]abcdef",
        logEvents=[{"timestamp": at, "message": line}],
    )

    ran = run(
        capfd,
        *("tail", f"sqs:{queue}", f"logs:{group}", "--mode", "peek", "--since", "10m"),
        *("--for", "5s", "--no-color", *local(local_aws)),
    )

    lines = {line.split("  ")[1]: line for line in ran.out.splitlines()}
    assert re.search(r"  x1  waiting$", lines[f"sqs:{queue}"])
    assert lines[f"lambda:{group.removeprefix('/aws/lambda/')}"].endswith(
        "  2026/11/20/[$LATEST]abcdef  ERROR  00000000-0000-4000-8000-000000000001  refused"
    )
