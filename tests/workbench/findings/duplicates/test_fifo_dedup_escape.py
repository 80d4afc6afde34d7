"""One deduplication id accepted twice, told from messages that came again under their own id."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.record import Record, Resource
from tests.factories import sns_notification, write_trace
from tests.workbench.findings.duplicates.mappings import queue_attributes
from tests.workbench.findings.duplicates.requests import kinds, only
from tests.workbench.findings.traces import T0, message
from workbench.findings import find

FIFO = "arn:aws:sqs:us-east-1:111111111111:orders.fifo"
FIFO_TOPIC = "arn:aws:sns:us-east-1:111111111111:orders.fifo"
MINUTES = 60.0


def sent(
    id_: str,
    dedup: str | None,
    minutes: float,
    group: str = "g1",
    body: Any = "x",
    queue: str = FIFO,
    count: int = 1,
) -> Record:
    system = {} if dedup is None else {"MessageDeduplicationId": dedup, "MessageGroupId": group}
    record = message(id_, body, minutes * MINUTES, queue=queue, count=count)
    return replace(
        record, ordering_key=group, attributes=json.dumps({"system": system, "user": {}})
    )


def found(tmp_path: Path, records: list[Record], *resources: Resource) -> Any:
    return find(write_trace(tmp_path / "t.trace", records, resources))


def test_an_id_accepted_again_after_the_interval_escaped_deduplication(tmp_path: Path) -> None:
    findings = found(tmp_path, [sent("m1", "d", 0), sent("m2", "d", 5), sent("m3", "e", 1)])

    finding = only(findings, "fifo_dedup_escape")

    (instance,) = finding.instances
    assert (finding.source_arn, instance["key"], instance["record_ids"]) == (
        FIFO,
        "d",
        ["m1", "m2"],
    )
    assert (instance["escaped_by"], instance["contents"], instance["spread_ms"]) == (
        ["interval"],
        1,
        300_000,
    )
    assert finding.confidence == 1.0
    assert kinds(findings) == {"fifo_dedup_escape"}


def test_within_the_interval_the_service_takes_no_second_one_of_a_group(tmp_path: Path) -> None:
    assert len(found(tmp_path, [sent("m1", "d", 0), sent("m2", "d", 4.999)])) == 0


@pytest.mark.parametrize(
    ("scope", "escaped"), [("messageGroup", True), (None, True), ("queue", False)]
)
def test_another_group_escapes_within_the_interval_unless_the_queue_deduplicates_across_groups(
    tmp_path: Path, scope: str | None, escaped: bool
) -> None:
    settings = (
        []
        if scope is None
        else [queue_attributes(FIFO, FifoQueue="true", DeduplicationScope=scope)]
    )

    findings = found(tmp_path, [sent("m1", "d", 0), sent("m2", "d", 0.1, "g2")], *settings)

    assert [each["escaped_by"] for finding in findings for each in finding.instances] == (
        [["group"]] if escaped else []
    )


def test_after_the_interval_another_group_needs_no_scope(tmp_path: Path) -> None:
    settings = queue_attributes(FIFO, FifoQueue="true", DeduplicationScope="queue")

    finding = only(
        found(tmp_path, [sent("m1", "d", 0), sent("m2", "d", 6, "g2")], settings),
        "fifo_dedup_escape",
    )

    assert finding.instances[0]["escaped_by"] == ["interval"]


def test_a_redelivery_a_capture_taken_twice_and_another_queue_are_no_escape(tmp_path: Path) -> None:
    records = [
        sent("m1", "d", 0),
        sent("m1", "d", 0),
        sent("m1", "d", 0, count=2),
        sent("m2", "d", 9, queue=FIFO.replace("orders", "audit")),
    ]

    assert kinds(found(tmp_path, records)) == {"redelivery"}


def test_an_id_made_of_the_content_leaves_room_for_equal_contents_that_are_meant(
    tmp_path: Path,
) -> None:
    digest = hashlib.sha256(b'"x"').hexdigest()

    finding = only(
        found(tmp_path, [sent("m1", digest, 0), sent("m2", digest, 6)]), "fifo_dedup_escape"
    )

    assert (finding.confidence, finding.instances[0]["is_content_based"]) == (0.9, True)


def test_a_queue_that_deduplicates_by_content_tells_the_id_of_messages_kept_without(
    tmp_path: Path,
) -> None:
    by_content = queue_attributes(FIFO, FifoQueue="true", ContentBasedDeduplication="true")
    records = [sent("m1", None, 0), sent("m2", None, 6), sent("m3", None, 6, body="y")]

    finding = only(found(tmp_path, records, by_content), "fifo_dedup_escape")

    assert finding.instances[0]["key"] == hashlib.sha256(b'"x"').hexdigest()


def test_without_an_id_nothing_is_said(tmp_path: Path) -> None:
    assert len(found(tmp_path, [sent("m1", None, 0), sent("m2", None, 6)])) == 0


def test_a_heartbeat_under_ids_of_its_content_is_meant(tmp_path: Path) -> None:
    digest = hashlib.sha256(b'"x"').hexdigest()
    beats = [sent(f"m{n}", digest, 10 * n) for n in range(6)]

    assert len(found(tmp_path, beats)) == 0


def test_an_id_that_is_used_for_several_contents_is_said_to_be(tmp_path: Path) -> None:
    finding = only(
        found(tmp_path, [sent("m1", "d", 0), sent("m2", "d", 6, body="y")]), "fifo_dedup_escape"
    )

    assert finding.instances[0]["contents"] == 2
    assert "1 with another content" in finding.summary


def published(number: int, dedup: str, minutes: float, group: str) -> Record:
    record = replace(
        sns_notification(number, "x", seconds=minutes * MINUTES, topic=FIFO_TOPIC),
        ordering_key=group,
    )
    envelope = json.loads(record.envelope)
    envelope["sqs"]["Attributes"] |= {"MessageDeduplicationId": dedup, "MessageGroupId": group}
    return replace(record, envelope=json.dumps(envelope))


@pytest.mark.parametrize(("scope", "escaped"), [("MessageGroup", True), ("Topic", False)])
def test_a_fifo_topic_shows_it_by_the_id_around_the_notification(
    tmp_path: Path, scope: str, escaped: bool
) -> None:
    document = json.dumps({"Attributes": {"FifoThroughputScope": scope}})
    settings = Resource(FIFO_TOPIC, "get-topic-attributes", T0, document)

    findings = found(tmp_path, [published(1, "d", 0, "g1"), published(2, "d", 1, "g2")], settings)

    assert [finding.source_arn for finding in findings] == ([FIFO_TOPIC] if escaped else [])


def test_hostile_ids_and_attributes_harm_nobody(tmp_path: Path) -> None:
    odd = [replace(sent(f"o{n}", "d", n), source_at=None) for n in range(2)]
    records = [sent("m1", "'; --<b>", 0), sent("m2", "'; --<b>", 6), *odd]

    assert only(found(tmp_path, records), "fifo_dedup_escape").instances[0]["key"] == "'; --<b>"
