"""What is marked observed was captured; what was not captured is marked as made up."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import workbench
from tests import factories
from tests.workbench.replay.events.rows import imported
from workbench.errors import UsageError
from workbench.replay.events import event, logs, provenance, sqs
from workbench.replay.events.paths import leaves
from workbench.trace import Trace, TraceWriter
from workbench.trace.schema import INVOCATIONS, OUTCOMES, RUNS

USER = {"kind": {"StringValue": "new", "DataType": "String"}}
FIFO = f"{factories.QUEUE}.fifo"


def with_user_attributes() -> dict[str, Any]:
    row = asdict(factories.sqs_message(1, b"hi"))
    envelope = json.loads(row["envelope"]) | {"MessageAttributes": USER}
    return row | {"envelope": json.dumps(envelope)}


def bare_message() -> dict[str, Any]:
    return asdict(factories.sqs_message(1, b"hi")) | {"envelope": '{"MessageId":"m"}'}


CAPTURED = {
    "sqs": lambda: asdict(factories.sqs_message(1, b"hi")),
    "sqs with attributes": with_user_attributes,
    "sqs and nothing else": bare_message,
    "fifo": lambda: asdict(factories.sqs_message(1, b"hi", group="g", queue=FIFO)),
    "kinesis": lambda: asdict(factories.kinesis_record(1, b"hi")),
    "dynamodb": lambda: asdict(factories.dynamodb_change(1, {"id": {"S": "a"}})),
    "sns": lambda: asdict(factories.sns_notification(1, b"hi")),
    "logs": lambda: asdict(factories.log_event(1, "hi")),
}


def captured_values(row: dict[str, Any]) -> Iterator[Any]:
    """All that AWS said of a row, each value as it stood."""
    text = row["body"].decode("utf-8", "surrogatepass")
    yield from (text, base64.b64encode(row["body"]).decode(), row["record_id"])
    yield from (value for _, value in leaves(json.loads(row["envelope"]), ""))
    if text.startswith("{"):
        yield from (value for _, value in leaves(json.loads(text), ""))


def marks(row: dict[str, Any]) -> dict[str, str]:
    frame = provenance.provenance(row)
    return dict(zip(frame["path"], frame["mark"], strict=True))


@pytest.mark.parametrize("captured", CAPTURED.values(), ids=CAPTURED)
def test_every_field_has_one_mark_and_what_is_observed_was_captured(
    captured: Callable[[], dict[str, Any]],
) -> None:
    row = captured()
    fields = dict(leaves(logs.opened(event([row])), "$"))
    found = marks(row)
    found.pop("$.awslogs.data", None)
    assert list(found) == list(fields)
    known = list(captured_values(row))
    for path, mark in found.items():
        if mark == "observed":
            assert fields[path] in known, path


@pytest.mark.parametrize("captured", CAPTURED.values(), ids=CAPTURED)
def test_the_same_event_imported_is_observed_throughout(
    captured: Callable[[], dict[str, Any]],
) -> None:
    assert set(marks(imported(event([captured()]))[0]).values()) == {"observed"}


@pytest.mark.parametrize("captured", CAPTURED.values(), ids=CAPTURED)
def test_what_is_synthetic_is_not_among_what_was_captured(
    captured: Callable[[], dict[str, Any]],
) -> None:
    row = captured()
    fields = dict(leaves(logs.opened(event([row])), "$"))
    known = [value for value in captured_values(row) if value not in ({}, [], None, "")]
    for path, mark in marks(row).items():
        if mark == "synthetic":
            assert fields[path] not in known, path


def test_a_received_message_says_what_follows_from_what() -> None:
    found = provenance.provenance(with_user_attributes()).rows()
    assert ("$.Records[0].body", "observed", "body") in found
    assert ("$.Records[0].md5OfBody", "observed", "envelope") in found
    assert ("$.Records[0].awsRegion", "derived", "source_arn") in found
    lists = "$.Records[0].messageAttributes.kind.stringListValues"
    assert (lists, "derived", "the message has none") in found


def test_what_was_not_captured_of_a_message_is_told() -> None:
    found = marks(bare_message())
    assert found["$.Records[0].md5OfBody"] == "derived"
    assert found["$.Records[0].attributes"] == "synthetic"
    assert found["$.Records[0].receiptHandle"] == "synthetic"


def test_of_a_pushed_notification_the_subscription_is_synthetic_and_the_message_is_not() -> None:
    found = marks(CAPTURED["sns"]())
    assert found["$.Records[0].EventSubscriptionArn"] == "synthetic"
    assert found["$.Records[0].Sns.UnsubscribeUrl"] == "synthetic"
    assert found["$.Records[0].Sns.SigningCertUrl"] == "synthetic"
    assert found["$.Records[0].Sns.Signature"] == "observed"
    assert found["$.Records[0].Sns.Message"] == "observed"


def test_what_stands_beside_the_records_is_observed_where_it_was_kept() -> None:
    record = {"recordId": "1", "data": ""}
    event_ = {"invocationId": "i", "deliveryStreamArn": "arn:aws:firehose:::d"}
    first, second = imported({**event_, "records": [record, record]})
    assert marks(first)["$.invocationId"] == "observed"
    assert marks(second)["$.invocationId"] == "derived"


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    """Two messages, and one run that handed both over for the second time."""
    folder = tmp_path_factory.mktemp("replayed") / "a.trace"
    records = [factories.sqs_message(n, b"hi", receive_count=n) for n in (1, 2)]
    trace = factories.write_trace(folder, records)
    deliveries = trace.sql("select delivery_id, record_id from records order by record_id")
    parts = [
        sqs.delivered(asdict(each), 2, f"handle {each.record_id}", factories.T0) for each in records
    ]
    at = factories.T0
    run = {"run_id": "r", "source_arn": factories.QUEUE, "started_at": at}
    invocation = {
        "run_id": "r",
        "invocation_id": "i",
        "event": json.dumps({"Records": parts, "window": {}}),
        "started_at": at,
    }
    outcomes = [
        {"run_id": "r", "invocation_id": "i", "delivery_id": d, "record_id": r, "started_at": at}
        for d, r in deliveries.rows()
    ]
    writer = TraceWriter(folder, "replay", ["test"], factories.clock)
    writer.append_results(
        {
            "runs": pa.Table.from_pylist([run], RUNS),
            "invocations": pa.Table.from_pylist([invocation], INVOCATIONS),
            "outcomes": pa.Table.from_pylist(outcomes, OUTCOMES),
        }
    )
    writer.close("done")
    trace.refresh()
    return trace


def test_a_delivery_of_a_trace_is_marked_as_its_row_is(replayed: Trace) -> None:
    delivery_id = replayed.sql("select min(delivery_id) as d from records")["d"][0]
    found = workbench.provenance(replayed, delivery_id)
    assert found.columns == ["path", "mark", "from"]
    row = replayed.sql("select * from records where delivery_id = $d", d=delivery_id).row(
        0, named=True
    )
    assert found.equals(workbench.provenance(row))


def test_of_an_event_that_was_handed_over_what_the_run_changed_is_told(replayed: Trace) -> None:
    found = workbench.provenance(replayed, invocation_id="i")
    by_path = {path: (mark, origin) for path, mark, origin in found.rows()}
    for number in (0, 1):
        record = f"$.Records[{number}]"
        assert by_path[f"{record}.body"] == ("observed", "body")
        assert by_path[f"{record}.awsRegion"] == ("derived", "source_arn")
        assert by_path[f"{record}.receiptHandle"] == ("synthetic", "the run")
        count = by_path[f"{record}.attributes.ApproximateReceiveCount"]
        assert count == ("derived", "receive_count, deliveries of the run")
    assert by_path["$.window"] == ("synthetic", "the run")
    handed = json.loads(replayed.sql("select event from invocations")["event"][0])
    assert found["path"].to_list() == [path for path, _ in leaves(handed, "$")]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"delivery_id": 10**9}, "delivery_id 1000000000"),
        ({"invocation_id": "none"}, "invocation_id 'none'"),
        ({"invocation_id": "i", "run_id": "none"}, "run 'none'"),
        ({}, "give one"),
        ({"delivery_id": 1, "invocation_id": "i"}, "give one"),
    ],
)
def test_what_the_trace_does_not_have_is_told(
    replayed: Trace, asked: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        workbench.provenance(replayed, **asked)


def test_every_shared_event_is_observed_throughout_but_for_what_is_compressed_anew(
    shared_events: Path,
) -> None:
    names = ("snsSqsEvent.json", "s3Event.json", "albEvent.json", "eventBridgeEvent.json")
    for name in names:
        path = shared_events / "powertools-lambda-python" / name
        frame = pl.concat(
            provenance.provenance(row) for row in imported(json.loads(path.read_text("utf-8")))
        )
        assert set(frame["mark"]) == {"observed"}, name
