"""Files and folders read as a person names them."""

import base64
import gzip
import json
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.errors import UnrecognisedError
from connectors.files import reading
from tests.connectors.files.shapes import (
    GROUP,
    NOW,
    SHARD,
    STREAM,
    bus_event,
    dynamodb_record,
    kinesis_record,
    read,
    reasons_of,
    rebuilt,
    records_of,
    rest_request,
    s3_record,
    sns_message,
    sqs_record,
    write,
)


def test_a_path_that_does_not_exist_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    there = write(tmp_path, {"Records": [sqs_record()]})
    with pytest.raises(UnrecognisedError, match="does not exist"):
        reading.read_files(
            [there, tmp_path / "gone.json"], source_arn=None, partition_id=None, now=lambda: NOW
        )


def test_a_long_file_comes_in_parts_and_tells_its_skips_at_the_end(tmp_path: Path) -> None:
    line = json.dumps({"Records": [sqs_record()] * 100}).encode()
    parts = read(write(tmp_path, b"\n".join([line] * 150 + [b"oops", line * 1])))
    assert [(p.part, len(p.records)) for p in parts] == [(1, 10_000), (2, 5_100)]
    assert [len(p.skipped) for p in parts] == [0, 1]
    assert parts[1].skipped[0].reason.startswith("line 151: not JSON")


def test_a_folder_is_read_in_the_order_of_names_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", ".hidden"):
        write(tmp_path, {"Records": [sqs_record(messageId=name)]}, name)
    for folder in ("z", ".git"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, {"Records": [sqs_record(messageId=folder)]}, "c.json")
    read_ids = [r.record_id for part in read(tmp_path) for r in part.records]
    assert read_ids == ["a.json", "b.json", "z"]


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    (part,) = read(tmp_path)
    assert "without files" in part.skipped[0].reason


def test_what_cannot_be_opened_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "nowhere")
    write(tmp_path, {"Records": [sqs_record()]}, "b")
    dangling, taken = read(tmp_path)
    assert "not a regular file" in dangling.skipped[0].reason
    assert len(taken.records) == 1
    (named,) = read(tmp_path / "a")
    assert named.skipped[0].reason == "cannot be read on: No such file or directory"


def test_gzip_that_is_cut_off_keeps_the_lines_before_the_cut(tmp_path: Path) -> None:
    lines = json.dumps({"Records": [sqs_record()]}).encode() + b"\n"
    (part,) = read(write(tmp_path, gzip.compress(lines * 5000, mtime=0)[:-20]))
    assert len(part.records) > 1000
    assert "cannot be read on" in part.skipped[0].reason


def test_no_more_skips_are_told_than_a_person_reads(tmp_path: Path) -> None:
    reasons = reasons_of(tmp_path, b'{"a": 1}\n' + b"{oops\n" * 1500)
    assert len(reasons) == 1001
    assert reasons[-1] == "501 more were skipped"


def test_the_instant_of_reading_is_asked_for_once_a_file(tmp_path: Path) -> None:
    asked: list[datetime] = []

    def now() -> datetime:
        asked.append(NOW)
        return NOW

    path = write(tmp_path, {"Records": [sqs_record()] * 3})
    list(reading.read_files([path, path], source_arn=None, partition_id=None, now=now))
    assert len(asked) == 2


@pytest.mark.parametrize("text", ["a\ud800b", "\udfff", "ä\x00"])
def test_halves_of_surrogate_pairs_survive_in_body_and_envelope(tmp_path: Path, text: str) -> None:
    written = sqs_record(body=text, md5OfBody=text, messageId=f"id{text}")
    (record,) = records_of(tmp_path, {"Records": [written]})
    assert record.body == text.encode("utf-8", "surrogatepass")
    assert rebuilt(record) == written
    assert len(record.record_id) >= len(f"id{text}")
    for column in (record.record_id, record.envelope, record.attributes):
        column.encode("utf-8")


def test_numbers_beyond_64_bits_survive(tmp_path: Path) -> None:
    written = bus_event(detail={"big": 10**30, "small": -(10**30)})
    (record,) = records_of(tmp_path, written)
    assert rebuilt(record) == written


def test_depth_that_cannot_be_written_again_is_told(tmp_path: Path) -> None:
    deep = "[" * 1010 + "]" * 1010
    lines = [json.dumps(bus_event()).replace('{"order": 7}', deep), json.dumps(bus_event())]
    (part,) = read(write(tmp_path, "\n".join(lines).encode()))
    assert len(part.records) + len(part.skipped) == 2
    assert all("nested too deeply" in skip.reason for skip in part.skipped)


SHARED_RECORDS = 93


def test_every_shared_event_is_rebuilt_equal(shared_events: Path) -> None:
    taken = 0
    for part in read(shared_events):
        if not part.records:
            continue
        document = json.loads(part.path.read_bytes())
        written = document.get("Records") or document.get("records") or [document]
        if "awslogs" in document:
            packed = base64.b64decode(document["awslogs"]["data"])
            written = json.loads(zlib.decompress(packed, wbits=47))["logEvents"]
        assert [rebuilt(record) for record in part.records] == written, part.path.name
        taken += len(part.records)
    assert taken == SHARED_RECORDS


def test_every_shared_file_that_is_not_taken_says_why(shared_events: Path) -> None:
    for part in read(shared_events):
        assert part.records or part.skipped, part.path.name
        assert not (part.records and part.skipped), part.path.name
        for skip in part.skipped:
            assert skip.reason.splitlines() == [skip.reason]


TEXT = st.text(st.characters(exclude_categories=()), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT | st.sampled_from(["aGk=", "7", "1.5"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
SHAPES = [
    {"Records": [sqs_record()]},
    {"Records": [kinesis_record()]},
    {"Records": [dynamodb_record()]},
    {"Records": [s3_record()]},
    {"Records": [{"EventSource": "aws:sns", "Sns": sns_message()}]},
    {"Messages": [{"MessageId": "m", "Body": "b", "Attributes": {}}]},
    {"events": [{"message": "m", "timestamp": 1, "eventId": "e"}]},
    {"logGroups": [{"logGroupName": "g", "arn": GROUP}]},
    {"requestPayload": {"Records": [sqs_record()]}},
    sns_message(),
    bus_event(),
    rest_request(),
]


def changed(data: st.DataObject, value: Any) -> Any:
    """The shape with one member somewhere in it replaced or removed."""
    if not isinstance(value, dict | list) or not value or data.draw(st.integers(0, 4)) == 0:
        return data.draw(VALUES)
    if isinstance(value, list):
        return [changed(data, value[0]), *value[1:]]
    name = data.draw(st.sampled_from(sorted(value)))
    rest = {member: kept for member, kept in value.items() if member != name}
    return rest if data.draw(st.booleans()) else rest | {name: changed(data, value[name])}


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_change_to_a_shape_raises_or_loses_a_record_silently(
    tmp_path: Path, data: st.DataObject
) -> None:
    shape = data.draw(st.sampled_from(SHAPES))
    written = changed(data, shape)
    for part in read(
        write(tmp_path, written), data.draw(st.sampled_from([None, GROUP, STREAM])), SHARD
    ):
        for record in part.records:
            "".join((record.record_id, record.source_arn, record.envelope)).encode()
            if isinstance(written, dict) and isinstance(written.get("Records"), list):
                assert rebuilt(record) == written["Records"][0]
