"""policy and preflight as a person meets them: what is missing is told before a capture begins."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from connectors import local_client
from tests.connectors.local import unique
from tests.workbench.cli.running import run
from workbench.local_aws import LocalAws


def local(aws: LocalAws) -> tuple[str, ...]:
    return ("--endpoint-url", aws.endpoint_url, "--region", aws.region)


@pytest.fixture
def stream(local_aws: LocalAws) -> str:
    name = unique("preflight")
    local_client("kinesis", local_aws.endpoint_url).create_stream(StreamName=name, ShardCount=1)
    return name


def test_a_source_that_may_be_captured_is_ready(
    stream: str, local_aws: LocalAws, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(capfd, "preflight", f"kinesis:{stream}", *local(local_aws), "--json")

    assert (ran.code, ran.document["ready"]) == (0, True)
    (source,) = ran.document["sources"]
    assert source["lost_after_ms"] == 86_400_000
    assert {right["grant"] for right in source["rights"]} == {"granted", "not tested"}


def test_a_person_gets_a_table_of_each_source(
    stream: str, local_aws: LocalAws, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(capfd, "preflight", f"kinesis:{stream}", *local(local_aws))

    assert ran.code == 0
    assert f"kinesis:{stream} (observe): ready" in ran.out
    assert "kinesis:GetRecords" in ran.out
    assert "only reading would tell" in ran.out


def test_what_is_to_be_minded_ends_with_3(
    local_aws: LocalAws, capfd: pytest.CaptureFixture[str]
) -> None:
    name = f"{unique('preflight')}.fifo"
    queues = local_client("sqs", local_aws.endpoint_url)
    queues.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})

    ran = run(capfd, "preflight", f"sqs:{name}", "--mode", "peek", *local(local_aws), "--json")

    assert ran.code == 3
    assert ran.document["sources"][0]["warnings"][0].startswith("FIFO")


def test_a_source_that_is_not_there_ends_with_1(
    local_aws: LocalAws, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(capfd, "preflight", "kinesis:no-such-stream", *local(local_aws))

    assert ran.code == 1
    assert "no-such-stream" in ran.complaint


@pytest.fixture
def refusing_server() -> Iterator[str]:
    """A server that answers every call as AWS does where a right is missing."""

    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer = json.dumps({"__type": "AccessDeniedException", "message": "no"}).encode()
            self.send_response(400)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_right_that_is_missing_is_named_and_ends_with_3(
    refusing_server: str, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(
        capfd,
        "preflight",
        "kinesis:orders",
        "--endpoint-url",
        refusing_server,
        "--region",
        "eu-west-1",
        "--json",
    )

    assert ran.code == 3
    rights = ran.document["sources"][0]["rights"]
    assert [r["action"] for r in rights if r["grant"] == "missing"] == [
        "kinesis:DescribeStreamSummary"
    ]


@pytest.mark.parametrize("command", [["preflight"], ["capture", "t.trace"]])
def test_a_role_is_named_by_its_arn(command: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    ran = run(capfd, *command, "kinesis:orders", "--region", "r", "--assume-role", "admin")

    assert ran.code == 1
    assert "the ARN of a role was wanted" in ran.complaint


def test_the_search_for_taps_takes_a_role_too(
    local_aws: LocalAws, capfd: pytest.CaptureFixture[str]
) -> None:
    role = "arn:aws:iam::000000000000:role/admin"

    ran = run(capfd, "gc", "--dry-run", "--assume-role", role, *local(local_aws), "--json")

    assert (ran.code, ran.document) == (0, [])


def test_policies_of_several_sources_are_one(capfd: pytest.CaptureFixture[str]) -> None:
    ran = run(
        capfd, "policy", "kinesis:orders", "kinesis:payments", "--kcl-application", "orders-app"
    )

    actions = [action for s in ran.document["Statement"] for action in s["Action"]]
    assert ran.code == 0
    assert actions.count("kinesis:GetRecords") == 1
    assert "dynamodb:Scan" in actions


def test_a_policy_that_is_too_long_for_a_session_says_so(
    capfd: pytest.CaptureFixture[str],
) -> None:
    many = [f"kinesis:a-rather-long-name-of-a-stream-{number}" for number in range(40)]

    ran = run(capfd, "policy", *many)

    assert ran.code == 0
    assert ran.document["Statement"]
    assert "more than the 2,048 of a session policy" in ran.complaint
