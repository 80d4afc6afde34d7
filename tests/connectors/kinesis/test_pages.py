"""The fast way of reading GetRecords gives exactly what botocore gives, and keeps what botocore would lose."""

import base64
import json
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.parsers import ResponseParserFactory
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.access.failures import call
from connectors.errors import CorruptAnswerError
from connectors.kinesis.pages import (
    Damaged,
    Origin,
    RecordsAnswer,
    keep_raw_body,
    read_answer,
    what_is_told,
)
from connectors.record import Record

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORIGIN = Origin("aws:kinesis", "arn:aws:kinesis:eu-west-1:123456789012:stream/s", "shard", AT)
MODEL = botocore.session.Session().get_service_model("kinesis").operation_model("GetRecords")
PARSER = ResponseParserFactory().create_parser("json")


def by_botocore(body: bytes) -> RecordsAnswer:
    """The answer as botocore parses it."""
    response = {"status_code": 200, "headers": {}, "body": body}
    return read_answer(call("", lambda: PARSER.parse(response, MODEL.output_shape)), ORIGIN)


def by_body(body: bytes) -> RecordsAnswer:
    """The answer out of its body, through the hook."""
    response: dict[str, Any] = {"status_code": 200, "headers": {}, "body": body}
    kept: dict[str, Any] = {}
    for _ in range(2):  # two connectors may share a client
        keep_raw_body(response_dict=response, customized_response_dict=kept, context=None)
    parsed = call("", lambda: PARSER.parse(response, MODEL.output_shape))
    return read_answer(parsed | kept, ORIGIN)


def document(*records: Any, **more: Any) -> bytes:
    return json.dumps({"Records": records, "MillisBehindLatest": 0, **more}).encode()


def record(**members: Any) -> dict[str, Any]:
    stamp = 1545084650.987
    whole = {"SequenceNumber": "1", "ApproximateArrivalTimestamp": stamp, "Data": "YQ=="}
    return whole | {"PartitionKey": "k"} | members


TEXT = st.text(max_size=20) | st.just("\ud800 half a pair") | st.just('"SequenceNumber":"9"')
STAMPS = (
    st.none()
    | st.integers(0, 4_102_444_800_000).map(lambda ms: ms / 1000)
    | st.integers(-10_000, 4_102_444_800)
    | st.floats(0, 4e9)
    | st.sampled_from([1.545084650987e9, "1545084650.987", "2018-12-17T22:10:50.987Z", 0])
)
RECORDS = st.fixed_dictionaries(
    {
        "SequenceNumber": st.integers(0, 10**129).map(str),
        "Data": st.binary(max_size=64).map(lambda data: base64.b64encode(data).decode()),
    },
    optional={
        "PartitionKey": TEXT,
        "EncryptionType": st.sampled_from(["NONE", "KMS"]),
        "ApproximateArrivalTimestamp": STAMPS,
        "Unheard": TEXT,
    },
)
ANSWERS = st.fixed_dictionaries(
    {
        "Records": st.lists(RECORDS, max_size=5),
        "MillisBehindLatest": st.integers(0, 2**63),
    },
    optional={
        "NextShardIterator": st.none() | st.text(min_size=1, max_size=9),
        "ChildShards": st.lists(
            st.fixed_dictionaries(
                {
                    "ShardId": st.text(max_size=5),
                    "ParentShards": st.lists(st.sampled_from(["shard", "other"])),
                    "HashKeyRange": st.just({"StartingHashKey": "0", "EndingHashKey": "1"}),
                }
            )
        ),
    },
)


@settings(deadline=None, max_examples=300)
@given(ANSWERS, st.booleans())
def test_the_body_gives_exactly_what_botocore_gives(answer: dict[str, Any], ascii_: bool) -> None:
    try:
        body = json.dumps(answer, ensure_ascii=ascii_).encode()
    except UnicodeEncodeError:
        body = json.dumps(answer).encode()
    assert by_body(body) == by_botocore(body)


def test_a_large_answer_gives_the_same_too() -> None:
    data = base64.b64encode(b"\x00\xff" * 500_000).decode()
    body = document(*(record(SequenceNumber=str(n), Data=data) for n in range(3)))
    assert by_body(body) == by_botocore(body)
    assert [len(entry.body) for entry in by_body(body).entries if isinstance(entry, Record)] == [
        1_000_000
    ] * 3


def test_a_record_is_one_like_any_other() -> None:
    (made,) = by_body(document(record())).entries
    at = datetime(2018, 12, 17, 22, 10, 50, 987_000, tzinfo=UTC)
    assert made == Record(
        service=ORIGIN.service,
        source_arn=ORIGIN.source_arn,
        partition_id="shard",
        record_id="shard:1",
        received_at=AT,
        body=b"a",
        sequence_number="1",
        ordering_key="k",
        order_scope="partition",
        source_at=at,
        envelope='{"SequenceNumber":"1","ApproximateArrivalTimestamp":"2018-12-17T22:10:50.987000Z",'
        '"PartitionKey":"k"}',
    )
    assert type(made) is Record
    with pytest.raises(FrozenInstanceError):
        made.body = b"b"  # type: ignore[misc]


def test_an_arrival_is_exact_to_the_millisecond_and_spelled_with_microseconds() -> None:
    stamps = (1545084650.987, 1545084650, 1545084650.001)
    entries = by_body(document(*(record(ApproximateArrivalTimestamp=at) for at in stamps))).entries
    instants = [entry.source_at for entry in entries if isinstance(entry, Record)]
    assert [at.microsecond for at in instants if at] == [987_000, 0, 1_000]
    spelled = [json.loads(entry.envelope) for entry in entries if isinstance(entry, Record)]
    assert [each["ApproximateArrivalTimestamp"] for each in spelled] == [
        "2018-12-17T22:10:50.987000Z",
        "2018-12-17T22:10:50.000000Z",
        "2018-12-17T22:10:50.001000Z",
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[1,2]",
        b"<html>busy</html>",
        b'{"Records":[],"MillisBehindLatest":0',
        b'{"Records":[{"SequenceNumber":"1","Data":"YQ',
        b'{"Records":"x","MillisBehindLatest":0}',
        b'{"Records":[]}',
        b'{"MillisBehindLatest":0}',
        b'{"Records":[],"MillisBehindLatest":true}',
        b'{"Records":[],"MillisBehindLatest":0,"NextShardIterator":{}}',
        b'{"Records":[],"MillisBehindLatest":0,"x":"\xff"}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_body_is_an_error_never_an_empty_page(body: bytes) -> None:
    with pytest.raises(CorruptAnswerError):
        by_body(body)


@pytest.mark.parametrize(
    "broken",
    [
        {"Data": "YQ="},
        {"Data": "Y*Q=="},
        {"Data": "YQ==\n"},
        {"Data": "ä"},
        {"Data": 7},
        {"Data": None},
        {"PartitionKey": 7},
    ],
)
def test_a_record_that_cannot_be_read_does_not_hide_the_others_and_keeps_its_place(
    broken: dict[str, Any],
) -> None:
    whole = [record(SequenceNumber=str(n)) for n in range(3)]
    first, damaged, last = by_body(document(whole[0], whole[1] | broken, whole[2])).entries
    assert isinstance(first, Record)
    assert isinstance(last, Record)
    at = datetime(2018, 12, 17, 22, 10, 50, 987_000, tzinfo=UTC)
    assert damaged == Damaged("1", at)


@pytest.mark.parametrize("entry", [7, None, [], {}, {"SequenceNumber": 7}, {"SequenceNumber": "x"}])
def test_an_entry_that_tells_nothing_is_damaged(entry: Any) -> None:
    assert by_body(document(entry)).entries == (Damaged(None, None),)
    assert read_answer({"Records": [entry], "MillisBehindLatest": 0}, ORIGIN).entries == (
        Damaged(None, None),
    )


@pytest.mark.parametrize("stamp", ["1e30", "NaN", '"soon"', "[]", "true"])
def test_a_payload_is_kept_although_its_arrival_cannot_be_read(stamp: str) -> None:
    body = document(record(ApproximateArrivalTimestamp="STAMP")).replace(b'"STAMP"', stamp.encode())
    (kept,) = by_body(body).entries
    assert isinstance(kept, Record)
    assert (kept.body, kept.source_at) == (b"a", None)


def test_an_error_is_left_to_botocore() -> None:
    response = {"status_code": 400, "body": b'{"__type":"ExpiredIteratorException"}'}
    kept: dict[str, Any] = {}
    keep_raw_body(response_dict=response, customized_response_dict=kept)
    assert kept == {}
    assert response["body"]


def test_a_broken_body_tells_of_its_record_only_where_there_is_no_doubt() -> None:
    def told(body: bytes) -> Damaged:
        return what_is_told({"RawBody": body})

    whole = b'{"NextShardIterator":"it","Records":[{"SequenceNumber":"12","ApproximateArrivalTimestamp":1.5,'
    assert told(whole) == Damaged("12", datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC), "it")
    assert told(b'{"SequenceNumber":"12"} {"SequenceNumber":"13"}') == Damaged(None, None)
    assert told(rb'{"PartitionKey":"\"SequenceNumber\":\"12\""') == Damaged(None, None)
    assert told(b'{"ApproximateArrivalTimestamp":1.5') == Damaged(None, None)
    assert told(b"<html>") == what_is_told(None) == what_is_told({}) == Damaged(None, None)
