"""The faces of a delivery: nothing hidden, nothing endless."""

import json
from typing import Any

import pytest

from workbench.views.inspected import CUT_BYTES, FACES, hex_dump, inspected

HOSTILE = b'{"a": "<script>alert(1)</script>\\u202e", "n": 1e400}'


def row(body: bytes, **more: Any) -> dict[str, Any]:
    return {
        "delivery_id": 1,
        "service": "aws:sqs",
        "body": body,
        "body_hash": b"\x01\x02",
        "parse_status": "json",
        "attributes": '{"system":{"SentTimestamp":"1"}}',
        "envelope": "",
    } | more


def test_the_tree_has_the_payload_as_it_was_written() -> None:
    said = inspected(row(HOSTILE), "json")

    assert said["parts"][0]["tree"][2] == [
        ["a", "string", "<script>alert(1)</script>\\u202e"],
        ["n", "number", "1e400"],
    ]


def test_a_payload_that_is_no_json_says_what_it_is() -> None:
    said = inspected(row(b"{", parse_status="broken_json"), "json")

    assert (said["parts"], said["note"]) == ([], "The payload is no JSON: broken_json.")


@pytest.mark.parametrize("face", ["json", "raw", "hex"])
def test_a_long_payload_is_cut_until_the_whole_is_asked_for(face: str) -> None:
    long = row(json.dumps(["x" * 1_000] * 1_000).encode())

    short, whole = inspected(long, face), inspected(long, face, whole=True)

    assert short["is_cut"]
    assert len(json.dumps(short)) < 2 * CUT_BYTES
    assert not whole["is_cut"]
    assert len(json.dumps(whole)) > 1_000_000


def test_bytes_that_are_no_text_are_written_out() -> None:
    assert inspected(row(b"\xff\x00a"), "raw")["parts"][0]["text"] == "\\xff\\x00a"


def test_a_hexadecimal_dump_has_sixteen_bytes_a_line() -> None:
    lines = hex_dump(bytes(range(20))).splitlines()

    assert [line[:8] for line in lines] == ["00000000", "00000010"]
    assert lines[1].startswith("00000010  10 11 12 13 ")
    assert hex_dump(b"") == ""


def test_the_record_has_every_column_but_the_payload() -> None:
    cells, attributes, envelope = inspected(row(b"{}"), "record")["parts"]

    assert cells["cells"] == [
        ["delivery_id", "1"],
        ["service", "aws:sqs"],
        ["body_hash", "0102"],
        ["parse_status", "json"],
    ]
    assert attributes["tree"][2][0][0] == "system"
    assert envelope["text"] == ""


def test_what_is_packed_inside_is_shown_layer_by_layer() -> None:
    body = json.dumps({"Type": "Notification", "Message": '{"order": 1}'}).encode()

    [part] = inspected(row(body), "decoded")["parts"]

    assert part["title"] == "SNS Message"
    assert part["tree"][2] == [["order", "number", "1"]]
    assert "Nothing" in inspected(row(b"{}"), "decoded")["note"]


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 5_000, HOSTILE])
def test_every_face_can_be_sent_to_a_page(face: str, body: bytes) -> None:
    json.dumps(inspected(row(body), face)).encode()
