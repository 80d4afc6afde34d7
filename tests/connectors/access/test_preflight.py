"""What a person should mind before a capture, out of what is known of the source."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.access.preflight import (
    Grant,
    Preflight,
    Reader,
    Right,
    loads_of,
    warnings_of,
)
from connectors.budget import share_of
from connectors.described import Described
from connectors.horizon import Available
from connectors.record import Mode, Service

DAY = timedelta(days=1)


def lambdas(count: int) -> list[Reader]:
    return [Reader("Lambda mapping", f"f{number}", polls=True) for number in range(count)]


def told(
    service: Service,
    mode: Mode = Mode.OBSERVE,
    readers: int = 0,
    kept: timedelta | None = DAY,
    **settings: Any,
) -> tuple[str, ...]:
    described = Described("arn:x", service, settings, "x")
    share = share_of(service, local=False)
    return warnings_of(
        described, mode, lambdas(readers), share, Available("arn:x", service, None, kept, "note")
    )


def test_an_ordinary_source_is_nothing_to_mind() -> None:
    assert told(Service.KINESIS, readers=2, StreamStatus="ACTIVE") == ()
    assert told(Service.DYNAMODB, readers=1, StreamStatus="ENABLED") == ()
    assert told(Service.LOGS, kept=None) == ()
    assert told(Service.SNS, Mode.TAP, kept=timedelta(0)) == ()


def test_a_table_stream_with_two_readers_has_no_room_for_a_third() -> None:
    (line,) = told(Service.DYNAMODB, readers=2)
    assert "2 readers already (f0, f1)" in line


def test_a_shard_that_is_asked_more_often_than_it_gives_is_told() -> None:
    (line,) = told(Service.KINESIS, readers=5)
    assert "6 times/s of each shard, which gives 5" in line
    assert told(Service.KINESIS, readers=4) == ()


@pytest.mark.parametrize(("mode", "word"), [(Mode.PEEK, "hides"), (Mode.DRAIN, "deletes")])
def test_whoever_reads_a_queue_loses_what_the_capture_takes(mode: Mode, word: str) -> None:
    (line,) = told(Service.SQS, mode, readers=1)
    assert word in line


def test_a_look_into_a_fifo_queue_or_at_a_small_receive_count_is_told() -> None:
    settings = {"FifoQueue": "true", "RedrivePolicy": '{"maxReceiveCount":"3"}'}

    blocked, few = told(Service.SQS, Mode.PEEK, **settings)

    assert blocked.startswith("FIFO")
    assert "maxReceiveCount is 3" in few
    assert told(Service.SQS, Mode.DRAIN, **settings) == ()
    assert told(Service.SQS, Mode.PEEK, RedrivePolicy='{"maxReceiveCount":4}') == ()
    assert told(Service.SQS, Mode.PEEK, RedrivePolicy="{") == ()


@pytest.mark.parametrize("member", ["KmsMasterKeyId", "KeyId", "kmsKeyId"])
def test_a_key_of_the_owners_needs_a_right_besides_and_one_of_aws_s_does_not(member: str) -> None:
    (line,) = told(Service.KINESIS, **{member: "arn:aws:kms:r:1:key/k"})
    assert "kms:Decrypt" in line
    assert told(Service.KINESIS, **{member: "alias/aws/kinesis"}) == ()


def test_what_is_soon_lost_is_told() -> None:
    (line,) = told(Service.SQS, Mode.DRAIN, kept=timedelta(hours=1))
    assert "kept for 1:00:00 only" in line


def test_a_stream_that_is_going_and_logs_that_cannot_be_read_are_told() -> None:
    assert told(Service.DYNAMODB, StreamStatus="DISABLED") == ("the stream is DISABLED",)
    assert told(Service.LOGS, logGroupClass="INFREQUENT_ACCESS") == ("note",)


def test_the_load_is_what_the_budget_keeps_to() -> None:
    calls, bytes_ = loads_of(share_of("aws:kinesis", local=False))

    assert (calls.takes, calls.quota, calls.per) == (1.0, 5.0, "shard")
    assert (bytes_.takes, bytes_.quota) == (1_048_576, 2_097_152)
    assert [load.what for load in loads_of(share_of("aws:logs", local=False))] == ["calls/s"]


def known(**parts: Any) -> Preflight:
    right = Right("kinesis:ListShards", Grant.GRANTED)
    blank = {"available": None, "rights": (right,), "readers": (), "loads": (), "warnings": ()}
    return Preflight(source_arn="arn:x", service="aws:kinesis", mode="observe", **blank | parts)


def test_it_is_ready_unless_a_right_is_missing_or_there_is_something_to_mind() -> None:
    untested = Right("kinesis:GetRecords", Grant.NOT_TESTED, "only reading would tell")
    missing = Right("kinesis:ListShards", Grant.MISSING, "no")

    assert known(rights=(untested,)).ready
    assert not known(rights=(untested, missing)).ready
    assert not known(warnings=("mind",)).ready


def test_its_document_says_null_where_nothing_is_known() -> None:
    kept = Available("arn:x", "aws:kinesis", datetime(2026, 3, 1, tzinfo=UTC), DAY, "")

    assert known().document()["kept_from_at"] is None
    document = known(available=kept).document()
    assert document["kept_from_at"] == "2026-03-01T00:00:00.000000Z"
    assert document["lost_after_ms"] == 86_400_000
