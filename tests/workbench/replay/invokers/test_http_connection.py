"""A connection: requests come whole however they are cut, and nothing that is sent hurts."""

import socket
from contextlib import contextmanager, suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.replay.invokers.http_connection import GoneError, HttpConnection

PLAIN = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTrailer: Why\r\n\r\n"
    b"5;ext=1\r\nhello\r\n1\r\n!\r\n0\r\nWhy: because\r\n\r\n"
)
EMPTY = b"GET /c HTTP/1.1\r\n\r\n"


@contextmanager
def connected(body_bytes_max=100):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield HttpConnection(ours, body_bytes_max), theirs


@pytest.fixture
def connection():
    with connected() as both:
        yield both


def received(pieces, body_bytes_max=100):
    found = []
    with connected(body_bytes_max) as (ours, theirs):
        for piece in pieces:
            theirs.sendall(piece)
            if piece:
                found += ours.receive()
    return found


@given(st.lists(st.integers(0, len(PLAIN + CHUNKED + EMPTY)), max_size=12))
def test_requests_come_whole_however_they_are_cut(cuts):
    sent = PLAIN + CHUNKED + EMPTY
    edges = [0, *sorted(set(cuts) - {0, len(sent)}), len(sent)]
    found = received([sent[a:b] for a, b in pairwise(edges)])
    assert [(each.method, each.path, bytes(each.body)) for each in found] == [
        ("POST", "/a", b"hello"),
        ("POST", "/b", b"hello!"),
        ("GET", "/c", b""),
    ]
    assert found[1].headers["why"] == "because"


@pytest.mark.parametrize("sent", [PLAIN, CHUNKED])
def test_a_body_over_the_limit_is_read_to_its_end_and_not_kept(sent):
    large, next_one = received([sent, EMPTY], body_bytes_max=4)
    assert large.too_large
    assert bytes(large.body) == b"hell"
    assert next_one.path == "/c"


@pytest.mark.parametrize(("sent", "size"), [(PLAIN, 5), (CHUNKED, 6)])
def test_a_body_as_large_as_the_limit_is_kept(sent, size):
    (request,) = received([sent], body_bytes_max=size)
    assert (request.too_large, len(request.body)) == (False, size)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01 nonsense\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1 more\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
    ],
)
def test_what_is_no_http_ends_the_connection(sent):
    with pytest.raises(GoneError):
        received([sent])


def test_a_head_without_end_ends_the_connection(monkeypatch):
    monkeypatch.setattr("workbench.replay.invokers.http_connection.HEAD_BYTES_MAX", 100)
    with pytest.raises(GoneError):
        received([b"GET /" + b"x" * 101])


@given(st.binary(max_size=300))
def test_any_bytes_are_requests_or_the_end(noise):
    with suppress(GoneError):
        received([noise])


def test_who_expects_a_go_ahead_gets_it_before_the_body(connection):
    ours, theirs = connection
    theirs.sendall(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert list(ours.receive()) == []
    assert theirs.recv(100).startswith(b"HTTP/1.1 100 ")
    theirs.sendall(b"ok")
    assert [bytes(each.body) for each in ours.receive()] == [b"ok"]


def test_an_answer_says_how_long_it_is_and_that_it_is_json(connection):
    ours, theirs = connection
    ours.answer(202, b"{}", b"A: b\r\n")
    assert theirs.recv(1000) == (
        b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 2\r\nA: b\r\n\r\n{}"
    )


def test_what_has_no_room_is_sent_later(connection):
    ours, theirs = connection
    body = b"x" * 6_000_000
    ours.answer(200, body)
    assert ours.sending
    got = b""
    while not got.endswith(b"x") or len(got) < len(body):
        got += theirs.recv(1 << 20)
        if ours.sending:
            ours.flush()
    assert got.endswith(body)


def test_who_asks_on_and_reads_nothing_is_dropped(connection):
    ours, _ = connection
    ours.answer(200, b"x" * 6_000_000)
    with pytest.raises(GoneError):
        ours.answer(200, b"x")


@pytest.mark.parametrize("line", [b"HTTP/1.0\r\n", b"HTTP/1.1\r\nConnection: close\r\n"])
def test_a_connection_that_is_not_kept_ends_with_its_answer(connection, line):
    ours, theirs = connection
    theirs.sendall(b"GET / " + line + b"\r\n")
    assert len(list(ours.receive())) == 1
    with pytest.raises(GoneError):
        ours.answer(200, b"{}")
    assert theirs.recv(1000).endswith(b"{}")


def test_who_has_gone_is_told(connection):
    ours, theirs = connection
    theirs.close()
    with pytest.raises(GoneError):
        list(ours.receive())
