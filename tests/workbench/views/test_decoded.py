"""Payloads in payloads: each layer is found by what it is, whatever it stands in; bombs and words are left alone."""

import base64
import gzip
import hashlib
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kinesis.kpl import MAGIC
from workbench.views.decoded import MOST_BYTES, MOST_LAYERS, decoded

ORDER = b'{"order": {"id": 18446744073709551617}}'


def paths(body: bytes) -> list[str]:
    return [" > ".join(layer.path) for layer in decoded(body)]


def aggregate(*bodies: bytes) -> bytes:
    """As the Kinesis Producer Library packs short records of one key."""
    message = b"\x0a\x01k"
    for body in bodies:
        inner = b"\x08\x00\x1a" + bytes([len(body)]) + body
        message += b"\x1a" + bytes([len(inner)]) + inner
    return MAGIC + message + hashlib.md5(message).digest()


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"deadbeefdeadbeefdeadbeef", ORDER, b"\x1f\x8bnot", b"[1]"]
)
def test_what_is_what_it_is_holds_nothing(body: bytes) -> None:
    assert decoded(body) == []


def test_base64_and_gzip_are_opened_one_after_the_other() -> None:
    layers = decoded(base64.encodebytes(gzip.compress(ORDER)))

    assert [layer.path for layer in layers] == [("base64",), ("base64", "gzip")]
    assert layers[-1].content == ORDER
    assert paths(zlib.compress(ORDER)) == ["zlib"]


def test_an_aggregate_is_opened_record_by_record() -> None:
    layers = decoded(aggregate(ORDER, b"second"))

    assert [layer.path for layer in layers] == [
        ("user record 1 of 2, key k",),
        ("user record 2 of 2, key k",),
    ]
    assert [layer.content for layer in layers] == [ORDER, b"second"]


def test_envelopes_in_envelopes_are_opened_where_they_stand() -> None:
    inner = json.dumps({"Records": [{"s3": {"object": {"key": "a"}}}]})
    notification = {"Type": "Notification", "MessageId": "m", "Message": inner}
    outer = {"detail": {"payload": json.dumps(notification)}, "awslogs": {"data": _packed(ORDER)}}

    assert paths(json.dumps(outer).encode()) == [
        "detail.payload",
        "detail.payload > SNS Message",
        "awslogs.data > base64",
        "awslogs.data > base64 > gzip",
    ]


def test_the_message_of_a_notification_is_shown_though_it_is_plain_text() -> None:
    notification = {"Type": "Notification", "MessageId": "m", "Message": "plain"}

    [layer] = decoded(json.dumps(notification).encode())

    assert (layer.path, layer.content) == (("SNS Message",), b"plain")


def test_dynamodb_items_become_plain_json_with_exact_numbers() -> None:
    item = {
        "id": {"S": "a"},
        "n": {"N": "1.10"},
        "none": {"NULL": True},
        "list": {"L": [{"N": "1"}, {"M": {"x": {"BOOL": False}}}]},
        "set": {"NS": ["1", "2"]},
    }
    change = {"Keys": {"id": {"S": "a"}}, "NewImage": item, "SizeBytes": 7}

    [layer] = decoded(json.dumps(change).encode())

    assert layer.path == ("DynamoDB JSON",)
    assert layer.content == {
        "Keys": {"id": "a"},
        "NewImage": {
            "id": "a",
            "n": "1.10",
            "none": None,
            "list": ["1", {"x": False}],
            "set": ["1", "2"],
        },
        "SizeBytes": "7",
    }


def test_a_bomb_inflates_to_a_bound() -> None:
    bomb = gzip.compress(bytes(4 * MOST_BYTES))

    assert sum(len(layer.content) for layer in decoded(bomb)) <= MOST_BYTES
    many = json.dumps([base64.b64encode(bomb).decode()] * 50).encode()
    assert sum(len(layer.content) for layer in decoded(many)) <= 2 * MOST_BYTES


def test_what_nests_without_end_is_opened_so_many_times() -> None:
    body = ORDER
    for _ in range(20):
        body = gzip.compress(body)

    assert len(decoded(body)) == 8
    assert len(decoded(json.dumps(["{}"] * 500).encode())) == MOST_LAYERS
    assert decoded(b"[" * 900 + b"]" * 900) == []


@given(st.binary() | st.binary().map(gzip.compress) | st.binary().map(lambda b: MAGIC + b))
def test_no_bytes_are_too_strange(body: bytes) -> None:
    decoded(body)


def _packed(body: bytes) -> str:
    return base64.b64encode(gzip.compress(body)).decode()
