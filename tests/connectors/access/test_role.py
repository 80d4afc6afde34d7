"""A role is taken for a capture, and AWS itself holds it to the policy of what is captured."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest
from moto.server import ThreadedMotoServer

from connectors import Access, ConnectorError, Mode, local_client, policy, policy_of_all
from connectors.access.role import LONGEST_POLICY, role_with
from connectors.errors import AccessDeniedError, OperationRefusedError
from connectors.identity import caller_identity

ROLE = "arn:aws:iam::123456789012:role/admin"
ANSWER = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
<SessionToken>t</SessionToken><Expiration>{expires}</Expiration></Credentials>
<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/admin/w</Arn>
<AssumedRoleId>A:w</AssumedRoleId></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>"""


class Sts(BaseHTTPRequestHandler):
    """Gives out credentials that live for so long, and remembers who asked for what with which key."""

    asked: ClassVar[list[tuple[dict[str, str], str]]] = []
    lives: ClassVar[timedelta] = timedelta(hours=1)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self.asked.append((form, self.headers["Authorization"].split("Credential=")[1]))
        expires = (datetime.now(UTC) + self.lives).strftime("%Y-%m-%dT%H:%M:%SZ")
        is_sts = form.get("Action") == "AssumeRole"
        answer = (ANSWER.format(expires=expires) if is_sts else '{"QueueUrl":"u"}').encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def sts() -> Iterator[str]:
    Sts.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sts)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def taken() -> list[dict[str, str]]:
    return [form for form, _ in Sts.asked if form.get("Action") == "AssumeRole"]


def test_the_policy_that_is_printed_is_the_one_that_bounds_the_role(sts: str) -> None:
    wanted = policy("kinesis:orders")
    access = Access(endpoint_url=sts).assuming(ROLE, wanted)

    access.client("sqs", Mode.OBSERVE).get_queue_url(QueueName="orders")

    (form,) = taken()
    sent = json.loads(form["Policy"])
    assert form["RoleArn"] == ROLE
    assert form["RoleSessionName"] == "replay-workbench"
    assert sent["Version"] == wanted["Version"]
    assert sent["Statement"] == [
        {name: part for name, part in statement.items() if name != "Sid"}
        for statement in wanted["Statement"]
    ]


def test_what_a_policy_denies_a_session_has_no_right_to_anyway() -> None:
    queue = policy("arn:aws:sqs:eu-west-1:1:orders", Mode.PEEK)
    sent = json.loads(role_with(ROLE, queue).session_policy)

    assert [statement["Effect"] for statement in queue["Statement"]].count("Deny") == 1
    assert {statement["Effect"] for statement in sent["Statement"]} == {"Allow"}
    allowed = {action for statement in sent["Statement"] for action in statement["Action"]}
    assert "sqs:DeleteMessage" not in allowed


def test_calls_are_made_with_the_roles_keys_and_the_role_is_taken_once(sts: str) -> None:
    access = Access(endpoint_url=sts).assuming(ROLE, policy("kinesis:orders"))

    for _ in range(2):
        access.client("sqs", Mode.OBSERVE).get_queue_url(QueueName="orders")

    assert len(taken()) == 1
    keys = [key.split("/")[0] for form, key in Sts.asked if form.get("Action") != "AssumeRole"]
    assert keys == ["ASIAROLE", "ASIAROLE"]


def test_credentials_that_run_out_during_a_capture_are_taken_again(
    sts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sts, "lives", timedelta(minutes=5))
    client = (
        Access(endpoint_url=sts)
        .assuming(ROLE, policy("kinesis:orders"))
        .client("sqs", Mode.OBSERVE)
    )

    client.get_queue_url(QueueName="orders")
    client.get_queue_url(QueueName="orders")

    assert len(taken()) >= 2
    assert len({form["Policy"] for form in taken()}) == 1


def test_the_guard_stands_before_a_role_too(sts: str) -> None:
    client = (
        Access(endpoint_url=sts)
        .assuming(ROLE, policy("kinesis:orders"))
        .client("sqs", Mode.OBSERVE)
    )

    with pytest.raises(OperationRefusedError):
        client.purge_queue(QueueUrl="u")
    assert Sts.asked == []


def test_a_role_is_really_taken_at_a_server_that_knows_roles(moto: str) -> None:
    local_client("sqs", moto).create_queue(QueueName="orders")
    access = Access(endpoint_url=moto).assuming(ROLE, policy("sqs:orders", Mode.PEEK))

    assert "assumed-role/admin/replay-workbench" in caller_identity(access)["Arn"]
    assert access.client("sqs", Mode.OBSERVE).get_queue_url(QueueName="orders")["QueueUrl"]


def test_a_policy_that_aws_would_not_take_is_refused_with_what_to_do() -> None:
    many = policy_of_all([(f"kinesis:a-rather-long-name-of-a-stream-{n}", None) for n in range(40)])

    with pytest.raises(ConnectorError, match=r"2,048 characters was wanted, found [\d,]+; .*fewer"):
        role_with(ROLE, many)


def test_a_function_with_its_queue_stream_and_table_fits_into_a_session_policy() -> None:
    place = "eu-west-1:123456789012"
    all_of_them = policy_of_all(
        [
            (f"arn:aws:kinesis:{place}:stream/orders", None),
            (f"arn:aws:sqs:{place}:orders-dlq", Mode.PEEK),
            (f"arn:aws:lambda:{place}:function:charge", None),
            (f"arn:aws:dynamodb:{place}:table/orders", None),
        ],
        lease_table="orders-app",
    )
    assert len(role_with(ROLE, all_of_them).session_policy) <= LONGEST_POLICY


@pytest.mark.parametrize("arn", ["admin", "arn:aws:iam::1:user/me", "arn:aws:s3:::role/x"])
def test_what_is_no_role_is_refused(arn: str) -> None:
    with pytest.raises(ConnectorError, match="the ARN of a role was wanted"):
        role_with(arn, policy("kinesis:orders"))


def test_without_credentials_there_is_nobody_to_take_the_role(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    access = Access(region="eu-west-1").assuming(ROLE, policy("kinesis:orders"))

    with pytest.raises(AccessDeniedError, match="name a profile"):
        access.client("kinesis", Mode.OBSERVE)
