"""A damaged answer is never taken for an empty queue; each fault is a real answer of a real server."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from connectors import Access, Mode, open_connector
from connectors.errors import ConnectorError, CorruptAnswerError
from connectors.sqs.messages import receive
from connectors.sqs.settings import Queue

WHOLE = (
    b'{"Messages":[{"MessageId":"m","ReceiptHandle":"h","Body":"b",'
    b'"MD5OfBody":"92eb5ffee6ae2fec3ad71c777531578f"}]}'
)


class Server:
    """Answers every call with the same status and bytes."""

    def __init__(self) -> None:
        self.status, self.body, self.calls = 200, b"{}", 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the name that http.server calls
                server.calls += 1
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(server.status)
                self.send_header("Content-Length", str(len(server.body)))
                self.end_headers()
                self.wfile.write(server.body)

            def log_message(self, format: str, *args: object) -> None:
                """Stay silent."""

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.access = Access(endpoint_url=self.url, modes=frozenset(Mode))
        self.client = self.access.client("sqs", Mode.DRAIN)


@pytest.fixture(scope="module")
def one_server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.http.shutdown()
    thread.join()
    made.http.server_close()


@pytest.fixture
def server(one_server: Server) -> Server:
    one_server.status, one_server.body, one_server.calls = 200, b"{}", 0
    return one_server


def received(server: Server) -> list[dict[str, Any]]:
    queue = Queue(f"{server.url}/1/orders", "arn:aws:sqs:us-east-1:1:orders")
    return receive(queue, server.client, wait_seconds=0, visibility_seconds=30)


@pytest.mark.parametrize("body", [b"{}", b'{"Messages":[]}', b'{"Messages":null}', b" {} "])
def test_an_empty_answer_is_empty(server: Server, body: bytes) -> None:
    server.body = body
    assert received(server) == []


def test_a_whole_answer_is_read(server: Server) -> None:
    server.body = WHOLE
    assert [message["Body"] for message in received(server)] == ["b"]


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_an_answer_cut_at_any_byte_is_damaged(server: Server, length: int) -> None:
    server.body = WHOLE[:length]
    with pytest.raises(CorruptAnswerError):
        received(server)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[1,2]",
        b"<html>proxy</html>",
        b'{"error":"proxy"}',
        b'{"Messages":"x"}',
        b'{"Messages":[7]}',
        b'{"Messages":[{"MessageId":"m"}]}',
        b'{"messages":[]}',
        b"\xff\xfe{}",
        b"[" * 100_000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_any_other_answer_is_damaged(server: Server, body: bytes) -> None:
    server.body = body
    with pytest.raises(CorruptAnswerError):
        received(server)


def test_a_body_that_is_not_the_one_sqs_took_the_md5_of_is_damaged(server: Server) -> None:
    server.body = WHOLE.replace(b'"Body":"b"', b'"Body":"c"')
    with pytest.raises(CorruptAnswerError, match="a body with MD5 92eb5"):
        received(server)


def test_a_damaged_answer_is_asked_for_once_as_every_receive_counts(server: Server) -> None:
    server.body = b"{"
    with pytest.raises(CorruptAnswerError, match="found 1 bytes beginning"):
        received(server)
    assert server.calls == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_receive_is_never_sent_twice_behind_our_back(server: Server, status: int) -> None:
    server.status, server.body = status, b"{}"
    with pytest.raises(ConnectorError):
        received(server)
    assert server.calls == 1


def test_an_error_answer_stays_the_error_it_is(server: Server) -> None:
    server.status = 400
    server.body = b'{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"gone"}'
    with pytest.raises(ConnectorError, match="QueueDoesNotExist"):
        received(server)


def test_every_client_for_reading_queues_has_it(server: Server) -> None:
    """Opened by name, as a capture opens it."""
    answers = {
        "GetQueueUrl": b'{"QueueUrl":"%s/1/orders"}' % server.url.encode(),
        "GetQueueAttributes": b'{"Attributes":{"QueueArn":"arn:aws:sqs:us-east-1:1:orders"}}',
    }
    server.body = answers["GetQueueUrl"][:-1] + b"," + answers["GetQueueAttributes"][1:]
    connector: Any = open_connector("sqs:orders", server.access, now=lambda: None, mode=Mode.DRAIN)  # type: ignore[arg-type,return-value]
    server.body = b'{"Messages":'
    with pytest.raises(CorruptAnswerError):
        receive(connector.queue, connector.client, wait_seconds=0, visibility_seconds=30)
