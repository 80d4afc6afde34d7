"""Aggregates are opened as the producer packed them; whatever else a record may hold harms nobody."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.kinesis.kpl import MAGIC, UserRecord, is_inside, opened_aggregate


def varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def packed(message: bytes) -> bytes:
    return MAGIC + message + hashlib.md5(message).digest()


def aggregate(*records: tuple[str, str | None, bytes]) -> bytes:
    """Packs user records as the producer library does: tables of distinct keys, then records."""
    keys = list(dict.fromkeys(key for key, _, _ in records))
    hashes = list(dict.fromkeys(explicit for _, explicit, _ in records if explicit is not None))
    message = b"".join(field(1, key.encode()) for key in keys)
    message += b"".join(field(2, explicit.encode()) for explicit in hashes)
    for key, explicit, data in records:
        inner = field(1, keys.index(key))
        if explicit is not None:
            inner += field(2, hashes.index(explicit))
        message += field(3, inner + field(3, data) + field(4, field(1, b"tag")))
    return packed(message)


def opened(data: bytes) -> tuple[UserRecord, ...]:
    found = opened_aggregate(data)
    assert found is not None
    return found.user_records


def test_what_the_producer_library_packed_is_opened(shared_events: Path) -> None:
    file = shared_events / "kinesis-aggregation" / "kpl_vectors.json"
    vectors: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))["vectors"]
    assert vectors
    for vector in vectors:
        found = opened(base64.b64decode(vector["event_record"]["kinesis"]["data"]))
        wanted = [
            UserRecord(
                each["subSequenceNumber"],
                each["partitionKey"],
                each["explicitHashKey"],
                base64.b64decode(each["data_base64"]),
            )
            for each in vector["user_records"]
        ]
        assert list(found) == wanted, vector["name"]


def test_the_records_of_a_sample_lambda_event_are_opened(shared_events: Path) -> None:
    file = shared_events / "kinesis-aggregation" / "SampleLambdaEvent.json"
    records = json.loads(file.read_text("utf-8"))["Records"]
    found = [opened_aggregate(base64.b64decode(r["kinesis"]["data"])) for r in records]
    assert any(found)
    assert all(each is None or each.error is None for each in found)


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8"), min_size=1, max_size=256),
            st.none() | st.integers(0, 2**128 - 1).map(str),
            st.binary(),
        ),
        min_size=1,
    )
)
def test_any_aggregate_opens_to_what_was_packed(
    records: list[tuple[str, str | None, bytes]],
) -> None:
    found = opened(aggregate(*records))
    assert [(r.partition_key, r.explicit_hash_key, r.data) for r in found] == records
    assert [r.sub_sequence for r in found] == list(range(len(records)))


def test_a_record_without_an_explicit_hash_key_has_none_and_not_the_first() -> None:
    first, second = opened(aggregate(("a", "0", b"1"), ("b", None, b"2")))
    assert (first.explicit_hash_key, second.explicit_hash_key) == ("0", None)
    assert second.hash_key() == int(hashlib.md5(b"b").hexdigest(), 16)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        MAGIC,
        MAGIC + bytes(16),
        MAGIC + hashlib.md5(b"").digest(),
        aggregate(("a", None, b"x"))[:-1],
        aggregate(("a", None, b"x")) + b"x",
        aggregate(("a", None, b"x")).replace(b"x", b"y"),
        b"x" + aggregate(("a", None, b"x")),
        b'{"plain": 1}',
    ],
)
def test_what_is_not_exactly_an_aggregate_is_a_plain_record(data: bytes) -> None:
    assert opened_aggregate(data) is None


@given(st.binary(min_size=1))
@example(b"\xff" * 30)
@example(field(1, b"k") + b"\x1a" + varint(2**63))
@example(b"\x1a" + b"\xff" * 9 + b"\x01")
@example(b"\x1b\x1c")
def test_no_message_however_hostile_raises_or_grows(message: bytes) -> None:
    found = opened_aggregate(packed(message))
    assert found is not None
    assert len(found.user_records) <= len(message)
    assert sum(len(r.data or b"") for r in found.user_records) <= len(message)
    for record in found.user_records:
        is_inside(record, 0, 2**128 - 1)


@given(
    st.lists(
        st.tuples(st.sampled_from([1, 2, 3, 9]), st.integers(0, 2**64 - 1) | st.binary(max_size=40))
    )
)
def test_no_wild_fields_raise(fields: list[tuple[int, int | bytes]]) -> None:
    message = b"".join(field(number, value) for number, value in fields) or b"\x08\x00"
    assert opened_aggregate(packed(message)) is not None


@given(st.integers(1, 200))
def test_a_message_cut_short_keeps_the_records_before_the_cut(cut: int) -> None:
    whole = aggregate(*((f"k{n}", None, b"data") for n in range(10)))
    message = whole[4:-16]
    cut = min(cut, len(message) - 1)
    found = opened_aggregate(packed(message[:-cut]))
    assert found is not None
    assert [r.data for r in found.user_records] == [b"data"] * len(found.user_records)


def test_an_error_inside_is_told_and_what_came_before_is_kept() -> None:
    message = field(1, b"k") + field(3, field(1, 0) + field(3, b"x")) + b"\x1a\x7fshort"
    found = opened_aggregate(packed(message))
    assert found is not None
    assert [r.data for r in found.user_records] == [b"x"]
    assert found.error == "127 bytes were wanted at byte 12, found 5"


def test_an_index_that_leads_nowhere_is_damage_of_that_record_alone() -> None:
    records = (
        field(3, field(1, 0) + field(3, b"good"))
        + field(3, field(1, 2**63) + field(3, b"no key"))
        + field(3, field(1, 0) + field(2, 5) + field(3, b"no hash key"))
        + field(3, field(1, 0))
        + field(3, b"\xff")
    )
    found = opened(packed(field(1, b"k") + records))
    assert [(r.partition_key, r.data) for r in found] == [
        ("k", b"good"),
        (None, b"no key"),
        ("k", b"no hash key"),
        ("k", None),
        (None, None),
    ]
    assert [is_inside(r, 0, 2**128 - 1) for r in found] == [True, None, None, True, None]


def test_keys_that_could_never_have_been_sent_are_not_taken() -> None:
    long = "k" * 257
    message = field(1, long.encode()) + field(2, b"9" * 5_000)
    (found,) = opened(packed(message + field(3, field(1, 0) + field(2, 0) + field(3, b"x"))))
    assert (found.partition_key, found.hash_key()) == (None, None)


def test_a_key_that_is_no_utf_8_is_hashed_as_it_was_sent() -> None:
    (found,) = opened(packed(field(1, b"\xff") + field(3, field(1, 0) + field(3, b"x"))))
    assert found.hash_key() == int(hashlib.md5(b"\xff").hexdigest(), 16)


def test_a_record_is_inside_its_shard_with_both_ends_of_the_range() -> None:
    record = UserRecord(0, "a", "100", b"")
    assert [is_inside(record, low, high) for low, high in ((100, 100), (0, 99), (101, 200))] == [
        True,
        False,
        False,
    ]


def test_a_large_aggregate_is_opened_whole() -> None:
    data = aggregate(*(("key", None, bytes(50)) for _ in range(15_000)))
    assert len(opened(data)) == 15_000
