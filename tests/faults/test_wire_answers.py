"""Every fault on the wire is told by its right name, in one line, before any connector sees it."""

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from connectors import Access, Mode
from connectors.access.failures import call
from connectors.answers import required
from connectors.errors import AccessDeniedError, ConnectorError, ThrottledError, UnavailableError
from tests.faults.wire_access import Wire, no_pauses, on_the_wire
from tests.faults.wire_aws import AT_ONCE, READS, Faults
from tests.faults.wire_faults import FAULTS, WireFault

CLIENTS = {
    "kinesis": ("kinesis", Mode.OBSERVE),
    "dynamodb": ("dynamodbstreams", Mode.OBSERVE),
    "logs": ("logs", Mode.OBSERVE),
    "sqs": ("sqs", Mode.PEEK),
    "sns": ("sqs", Mode.TAP),
}
ONLY_A_CONNECTOR_SEES = {
    "an instant of 1e30": {"logs", "sqs", "sns"},
    "an instant of NaN": {"logs", "sqs", "sns"},
    "records as text": {"dynamodb", "kinesis", "logs", "sqs", "sns"},
    "records of numbers": {"logs", "sqs", "sns"},
    "an empty object": {"kinesis", "dynamodb", "logs"},
}
"""An object that boto3 accepts: its members are required where they are used."""


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with on_the_wire() as served:
        yield served


def read(access: Access, source: str) -> dict[str, Any]:
    """One read of the source, and what every answer to it must have."""
    client = access.client(*CLIENTS[source])
    wanted = f"records of {source}"
    if source in ("kinesis", "dynamodb"):
        answer = call(wanted, client.get_records, ShardIterator="2", Limit=2)
        required(answer, "Records", list, wanted)
    elif source == "logs":
        answer = call(wanted, client.filter_log_events, logGroupName="orders", startTime=0)
        required(answer, "events", list, wanted)
    else:
        url = f"{client.meta.endpoint_url}/123456789012/workbench-tap-orders"
        answer = call(wanted, client.receive_message, QueueUrl=url, VisibilityTimeout=30)
    return answer


CASES = [
    pytest.param(source, fault, id=f"{source}-{fault.name}")
    for fault in FAULTS
    for source in sorted(fault.of)
    if source not in ONLY_A_CONNECTOR_SEES.get(fault.name, ())
]


def always(fault: WireFault, source: str) -> Faults:
    return lambda asked, sent: fault.send if asked.operation == READS[source] else None


@pytest.mark.parametrize(("source", "fault"), CASES)
def test_a_fault_on_the_wire_gets_its_right_name_in_one_line(
    source: str, fault: WireFault, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_pauses(monkeypatch)
    wire.aws.begin(source, always(fault, source))
    access = wire.access(fault)

    if fault.error is None:
        assert len(next(iter(read(access, source).values()))) == AT_ONCE
        return
    with pytest.raises(ConnectorError) as told:
        read(access, source)

    assert type(told.value) is fault.error, told.value
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 700
    assert wire.aws.redirected == 0


def test_a_throttled_read_is_asked_once_and_a_failed_one_three_times(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_pauses(monkeypatch)
    asked = {}
    for name in ("throttled", "throttled by another name", "429", "503", "a reset"):
        (fault,) = (each for each in FAULTS if each.name == name)
        wire.aws.begin("kinesis", always(fault, "kinesis"))
        with pytest.raises(ConnectorError):
            read(wire.access(fault), "kinesis")
        asked[name] = len(wire.aws.seen)

    assert asked == {
        "throttled": 1,
        "throttled by another name": 1,
        "429": 1,
        "503": 3,
        "a reset": 3,
    }


def test_a_receive_that_failed_is_told_at_once_for_it_may_have_hidden_messages(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_pauses(monkeypatch)
    for name in ("503", "a reset", "silence", "an end in mid-answer"):
        (fault,) = (each for each in FAULTS if each.name == name)
        wire.aws.begin("sqs", always(fault, "sqs"))
        with pytest.raises(UnavailableError):
            read(wire.access(fault), "sqs")
        assert wire.aws.seen == ["ReceiveMessage"], name


def test_a_throttled_question_about_settings_is_asked_again(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_pauses(monkeypatch)
    (fault,) = (each for each in FAULTS if each.name == "throttled by another name")
    wire.aws.begin("kinesis", lambda asked, sent: fault.send)
    client = wire.patient.client("kinesis", Mode.OBSERVE)

    with pytest.raises(ThrottledError):
        call("shards", client.list_shards, StreamName="orders")
    assert wire.aws.seen == ["ListShards"] * 3


def test_a_wrong_clock_is_told_by_the_clock_of_the_answer(wire: Wire) -> None:
    (fault,) = (each for each in FAULTS if each.name == "a bad signature")
    wire.aws.begin("kinesis", always(fault, "kinesis"))

    with pytest.raises(AccessDeniedError, match=r"AWS's clock says Sun, 01 Mar 2026 13:00:00 GMT"):
        read(wire.patient, "kinesis")


@pytest.mark.parametrize("source", sorted(CLIENTS))
def test_a_gzip_bomb_is_not_inflated(source: str, wire: Wire) -> None:
    (fault,) = (each for each in FAULTS if each.name == "a gzip bomb")
    wire.aws.begin(source, always(fault, source))
    tracemalloc.start()
    try:
        with pytest.raises(ConnectorError):
            read(wire.patient, source)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak_bytes < 30_000_000
