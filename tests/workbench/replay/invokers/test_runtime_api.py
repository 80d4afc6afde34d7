"""The Runtime API: what every client of AWS asks is answered, and nothing that a program does hurts the server."""

import base64
import json
import socket
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.replay.invokers.runtime_api import RESPONSE_BYTES_MAX, Event, Fault, RuntimeApi

ID = "11111111-1111-4111-8111-111111111111"
ARN = "arn:aws:lambda:eu-west-1:111111111111:function:f"
EVENT = Event(ID, b'{"a":1}', 1_795_168_803_000, ARN)
NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"
RESPONSE = f"/2018-06-01/runtime/invocation/{ID}/response"
ERROR = f"/2018-06-01/runtime/invocation/{ID}/error"


class Inside:
    """A server, and programs that talk to it."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        described = {"functionName": "f", "functionVersion": "$LATEST", "handler": "f.handle"}
        self.api = RuntimeApi(self.listener, described)
        self.stack = ExitStack()
        self.stack.callback(self.api.close)
        self.program = self.connect()

    def connect(self):
        client = self.stack.enter_context(socket.create_connection(self.address))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.serve()
        return client

    def serve(self):
        while self.api.step(5):
            pass

    def ask(self, sent, client=None):
        """The status, headers and body of the answer; None where there is none yet."""
        client = client or self.program
        client.sendall(sent)
        self.serve()
        return self.answer(client)

    def answer(self, client=None):
        client = client or self.program
        try:
            head, _, body = client.recv(1 << 20, socket.MSG_DONTWAIT).partition(b"\r\n\r\n")
        except BlockingIOError:
            return None
        except ConnectionError:
            return "closed"
        if not head:
            return "closed"
        status, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        return int(status.split()[1]), headers, body

    def post(self, path, body=b"", headers=b"", client=None):
        length = f"Content-Length: {len(body)}\r\n".encode()
        return self.ask(
            f"POST {path} HTTP/1.1\r\n".encode() + length + headers + b"\r\n" + body, client
        )

    def begin(self):
        """Ask for an event and get it."""
        assert self.ask(NEXT) is None
        assert self.api.waiting
        self.api.hand_over(EVENT)
        return self.answer()


@pytest.fixture
def inside():
    found = Inside()
    with found.stack:
        yield found


def test_an_event_comes_with_all_that_clients_want(inside):
    status, headers, body = inside.begin()
    assert (status, body) == (200, EVENT.body)
    assert headers == {
        "Content-Type": "application/json",
        "Content-Length": "7",
        "Lambda-Runtime-Aws-Request-Id": ID,
        "Lambda-Runtime-Deadline-Ms": "1795168803000",
        "Lambda-Runtime-Invoked-Function-Arn": ARN,
        "Lambda-Runtime-Trace-Id": "Root=1-11111111-111141118111111111111111;Parent=1111111111114111;Sampled=0",
    }


def test_a_response_is_the_answer_and_the_next_question_ends_the_invocation(inside):
    inside.begin()
    status, _, body = inside.post(RESPONSE, b'{"b": 2}')
    assert (status, json.loads(body)) == (202, {"status": "OK"})
    assert inside.api.answer == '{"b": 2}'
    assert not inside.api.waiting
    inside.ask(NEXT)
    assert inside.api.waiting


def test_an_error_is_taken_with_its_type_and_trace(inside):
    inside.begin()
    told = {"errorType": "KeyError", "errorMessage": "'x'", "stackTrace": ["one", "two"]}
    assert inside.post(ERROR, json.dumps(told).encode())[0] == 202
    assert inside.api.answer == Fault("KeyError", "'x'", ("one", "two"))


@pytest.mark.parametrize(
    ("body", "headers", "fault"),
    [
        (b"not json", b"", Fault("Function.Unknown", "")),
        (b"[1]", b"Lambda-Runtime-Function-Error-Type: Runtime.Odd\r\n", Fault("Runtime.Odd", "")),
        (b'{"errorType":"E","trace":"at x"}', b"", Fault("E", "", ("at x",))),
    ],
)
def test_an_error_that_says_little_is_one_nevertheless(inside, body, headers, fault):
    inside.begin()
    inside.post(ERROR, body, headers)
    assert inside.api.answer == fault


def test_a_streamed_response_is_taken_whole(inside):
    inside.begin()
    sent = f"POST {RESPONSE} HTTP/1.1\r\nTransfer-Encoding: chunked\r\nLambda-Runtime-Function-Response-Mode: streaming"
    assert inside.ask(sent.encode() + b"\r\n\r\n3\r\n[1,\r\n") is None
    assert inside.ask(b"2\r\n2]\r\n0\r\n\r\n")[0] == 202
    assert inside.api.answer == "[1,2]"


def test_a_stream_that_breaks_tells_why_in_its_trailers(inside):
    inside.begin()
    why = base64.b64encode(b'{"errorType":"Late","errorMessage":"too late"}')
    inside.ask(
        f"POST {RESPONSE} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n0\r\n".encode()
        + b"Lambda-Runtime-Function-Error-Type: Late\r\nLambda-Runtime-Function-Error-Body: "
        + why
        + b"\r\n\r\n"
    )
    assert inside.api.answer == Fault("Late", "too late")


@pytest.mark.parametrize(("more", "status"), [(0, 202), (1, 413)])
def test_a_response_over_lambdas_limit_is_too_large(inside, more, status):
    inside.begin()
    body = b"x" * (RESPONSE_BYTES_MAX + more)
    head = f"POST {RESPONSE} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    inside.program.sendall(head)
    for start in range(0, len(body), 100_000):
        inside.program.sendall(body[start : start + 100_000])
        inside.serve()
    assert inside.answer()[0] == status
    if more:
        assert inside.api.answer.error_type == "Function.ResponseSizeTooLarge"
    else:
        assert len(inside.api.answer) == RESPONSE_BYTES_MAX


def test_an_answer_to_another_request_is_refused(inside):
    inside.begin()
    status, _, body = inside.post(RESPONSE.replace("1", "2"), b"{}")
    assert (status, json.loads(body)["errorType"]) == (404, "NotFound")
    status, _, body = inside.post(RESPONSE.replace(ID, "other"), b"{}")
    assert (status, json.loads(body)["errorType"]) == (400, "InvalidRequestID")
    assert inside.api.answer is None


def test_an_answer_that_nobody_waits_for_is_refused(inside):
    assert inside.post(RESPONSE, b"{}")[0] == 403
    inside.begin()
    inside.post(RESPONSE, b"1")
    assert inside.post(RESPONSE, b"2")[0] == 403
    assert inside.api.answer == "1"


def test_a_second_question_is_refused_and_the_first_still_gets_its_event(inside):
    inside.ask(NEXT)
    other = inside.connect()
    assert inside.ask(NEXT, other)[0] == 403
    inside.api.hand_over(EVENT)
    assert inside.answer()[0] == 200
    assert inside.ask(NEXT, other)[0] == 403, "there is no answer yet"


def test_a_response_may_come_over_another_connection(inside):
    inside.begin()
    assert inside.post(RESPONSE, b"{}", client=inside.connect())[0] == 202
    assert inside.api.answer == "{}"


def test_who_asked_and_hung_up_does_not_wait(inside):
    inside.ask(NEXT)
    inside.program.close()
    inside.serve()
    assert not inside.api.waiting
    assert inside.api.lost


def test_why_a_program_cannot_begin_is_kept(inside):
    told = b'{"errorType":"Runtime.ImportModuleError","errorMessage":"no x"}'
    assert inside.post("/2018-06-01/runtime/init/error", told)[0] == 202
    assert inside.api.init_fault == Fault("Runtime.ImportModuleError", "no x")


def test_a_restored_program_goes_on(inside):
    assert inside.ask(NEXT.replace(b"invocation", b"restore"))[0] == 200
    assert inside.post("/2018-06-01/runtime/restore/error", b"{}")[0] == 202


def test_an_extension_registers_and_is_woken_by_events(inside):
    extension = inside.connect()
    name = b"Lambda-Extension-Name: x\r\n"
    status, headers, body = inside.post(
        "/2020-01-01/extension/register", b'{"events":["INVOKE"]}', name, extension
    )
    assert (status, json.loads(body)["functionName"]) == (200, "f")
    identifier = f"Lambda-Extension-Identifier: {headers['Lambda-Extension-Identifier']}\r\n"
    asked = f"GET /2020-01-01/extension/event/next HTTP/1.1\r\n{identifier}\r\n".encode()
    assert inside.ask(asked, extension) is None
    inside.begin()
    event = json.loads(inside.answer(extension)[2])
    assert (event["eventType"], event["requestId"]) == ("INVOKE", ID)
    path = "/2020-01-01/extension/exit/error"
    assert inside.post(path, b"{}", identifier.encode(), extension)[0] == 202


def test_an_extension_that_nobody_knows_is_refused(inside):
    asked = b"GET /2020-01-01/extension/event/next HTTP/1.1\r\n\r\n"
    assert inside.ask(asked)[0] == 403


@pytest.mark.parametrize("path", ["/2022-07-01/telemetry", "/2020-08-15/logs"])
def test_telemetry_is_granted_and_never_sent(inside, path):
    assert inside.ask(f"PUT {path} HTTP/1.1\r\nContent-Length: 2\r\n\r\n{{}}".encode())[0] == 200


@pytest.mark.parametrize(
    "asked", ["GET /", "DELETE /2018-06-01/runtime/invocation/next", "POST /2020-01-01/x"]
)
def test_what_there_is_not_is_not_found(inside, asked):
    assert inside.ask(f"{asked} HTTP/1.1\r\nContent-Length: 0\r\n\r\n".encode())[0] == 404


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=80), st.just(NEXT), st.just(NEXT[:40])), max_size=6))
def test_after_any_bytes_on_any_connections_an_honest_program_is_served(noise):
    found = Inside()
    with found.stack:
        for sent in noise:
            client = found.connect()
            client.sendall(sent)
            found.serve()
            client.close()
            found.serve()
        assert found.begin()[0] == 200
