"""A message that came back from its dead-letter queue, told from resends and from equal contents by themselves."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.record import Record, Resource
from tests.factories import write_trace
from tests.workbench.findings.duplicates.mappings import dead_letters_to
from tests.workbench.findings.duplicates.requests import kinds, only
from tests.workbench.findings.traces import QUEUE, at, message
from workbench.findings import Findings, find

DEAD = "arn:aws:sqs:us-east-1:111111111111:failures"
POLICY = dead_letters_to(QUEUE, DEAD, most=3, visibility_s=30)
ORDER = {"order": 1}


def dead(
    id_: str, seconds: float = 0, seen: float = 200, body: object = ORDER, queue: str = DEAD
) -> Record:
    """The message in the dead-letter queue, as a peek saw it."""
    return replace(message(id_, body, seconds, count=4, own=1, queue=queue), received_at=at(seen))


def found(tmp_path: Path, records: list[Record], *resources: Resource) -> Findings:
    return find(write_trace(tmp_path / "t.trace", records, resources))


def test_a_message_that_came_back_under_a_new_id_is_a_copy(tmp_path: Path) -> None:
    records = [
        message("m1", ORDER, 0, count=3),
        dead("m1"),
        message("m2", ORDER, 600),
        message("m3", 3, 5),
    ]
    trace = write_trace(tmp_path / "t.trace", records, [POLICY])

    findings = find(trace)
    finding = only(findings, "redrive_copy")

    (instance,) = finding.instances
    assert (finding.source_arn, instance["key"], instance["new_record_id"]) == (QUEUE, "m1", "m2")
    assert (instance["dead_letter_by"], finding.confidence) == ("policy", 0.9)
    witness = trace.sql(finding.sql)
    assert witness["delivery_id"].to_list() == instance["delivery_ids"]
    assert sorted(zip(witness["found_in"], witness["record_id"], strict=True)) == [
        (DEAD, "m1"),
        (QUEUE, "m2"),
    ]
    assert "producer_resend" not in kinds(findings)


def attributed(record: Record) -> Record:
    told = json.loads(record.attributes)
    told["system"]["DeadLetterQueueSourceArn"] = QUEUE
    return replace(record, attributes=json.dumps(told))


@pytest.mark.parametrize(
    ("records", "by"),
    [
        ([attributed(dead("m1"))], "attribute"),
        ([message("m1", ORDER, 0, count=3), dead("m1")], "move"),
        ([dead("m1", queue=f"{QUEUE}-dlq")], "name"),
        ([dead("m1", queue=f"{QUEUE}_DeadLetterQueue")], "name"),
    ],
)
def test_the_dead_letter_queue_is_known_without_its_policy(
    tmp_path: Path, records: list[Record], by: str
) -> None:
    finding = only(found(tmp_path, [*records, message("m2", ORDER, 600)]), "redrive_copy")

    assert (finding.source_arn, finding.instances[0]["dead_letter_by"]) == (QUEUE, by)
    assert finding.confidence == (0.7 if by == "name" else 0.9)


def test_the_move_itself_keeps_the_id_and_is_no_copy(tmp_path: Path) -> None:
    assert "redrive_copy" not in kinds(
        found(tmp_path, [message("m1", ORDER, 0, count=3), dead("m1")], POLICY)
    )


@pytest.mark.parametrize(
    ("sent", "seen", "copy"), [(89, 200, False), (90, 200, True), (60, 50, True), (40, 50, False)]
)
def test_a_copy_was_sent_after_the_old_one_was_seen_dead_or_can_have_been_moved(
    tmp_path: Path, sent: float, seen: float, copy: bool
) -> None:
    records = [dead("m1", seen=seen), message("m2", ORDER, sent)]

    assert ("redrive_copy" in kinds(found(tmp_path, records, POLICY))) == copy


def test_a_resend_that_failed_beside_its_original_is_a_resend(tmp_path: Path) -> None:
    records = [
        *(message(id_, ORDER, seconds) for id_, seconds in (("m1", 0), ("m2", 2))),
        *(dead(id_, seconds) for id_, seconds in (("m1", 0), ("m2", 2))),
    ]

    findings = found(tmp_path, records, POLICY)

    assert "redrive_copy" not in kinds(findings)
    assert "producer_resend" in kinds(findings)


def test_each_message_that_was_redriven_is_paired_with_its_copy_in_turn(tmp_path: Path) -> None:
    records = [dead("m1"), dead("m2", 2), message("n1", ORDER, 600), message("n2", ORDER, 601)]

    finding = only(found(tmp_path, records, POLICY), "redrive_copy")

    assert [(each["key"], each["new_record_id"]) for each in finding.instances] == [
        ("m1", "n1"),
        ("m2", "n2"),
    ]


def test_a_copy_that_failed_and_came_back_again_is_a_chain(tmp_path: Path) -> None:
    records = [
        dead("m1"),
        message("m2", ORDER, 600),
        dead("m2", 600, 800),
        message("m3", ORDER, 1_200),
    ]

    finding = only(found(tmp_path, records, POLICY), "redrive_copy")

    assert [(each["key"], each["new_record_id"]) for each in finding.instances] == [
        ("m1", "m2"),
        ("m2", "m3"),
    ]


def test_a_content_that_the_queue_has_more_often_than_redriving_explains_is_left_alone(
    tmp_path: Path,
) -> None:
    beats = [message(f"b{n}", "alive", 400 * n) for n in range(8)]

    findings = found(tmp_path, [*beats, dead("b1", 400, 500, "alive")], POLICY)

    assert "redrive_copy" not in kinds(findings)


def test_another_content_or_another_queue_is_no_copy(tmp_path: Path) -> None:
    records = [
        dead("m1"),
        message("m2", {"order": 2}, 600),
        message("m3", ORDER, 600, queue=f"{QUEUE}-other"),
    ]

    assert "redrive_copy" not in kinds(found(tmp_path, records, POLICY))


def test_a_printed_delivery_does_not_tell_when_it_was_in_the_dead_letter_queue(
    tmp_path: Path,
) -> None:
    """Its line was read later than it was written."""
    mark = {
        "system": {},
        "user": {},
        "workbench": {"mode": "logged", "log_event": "e", "request_id": "r"},
    }
    printed = replace(dead("m1", seen=5), attributes=json.dumps(mark, separators=(",", ":")))

    assert "redrive_copy" not in kinds(found(tmp_path, [printed, message("m2", ORDER, 60)], POLICY))


def test_a_resend_and_the_copy_of_its_original_are_told_apart(tmp_path: Path) -> None:
    records = [
        *(message(id_, ORDER, seconds) for id_, seconds in (("m1", 0), ("m2", 2))),
        *(dead(id_, seconds) for id_, seconds in (("m1", 0), ("m2", 2))),
        message("m3", ORDER, 290),
    ]

    findings = found(tmp_path, records, POLICY)

    (resend,) = [
        each for each in findings if each.kind == "producer_resend" and each.source_arn == QUEUE
    ]
    assert resend.instances[0]["record_ids"] == ["m1", "m2"]
    assert only(findings, "redrive_copy").instances[0]["new_record_id"] == "m3"


def test_a_copy_too_early_for_its_own_old_message_leaves_the_whole_content_alone(
    tmp_path: Path,
) -> None:
    records = [
        dead("m1"),
        dead("m2", 500, 2_000),
        message("n1", ORDER, 540),
        message("n2", ORDER, 560),
    ]

    assert "redrive_copy" not in kinds(found(tmp_path, records, POLICY))


def test_a_copy_within_the_window_of_a_resend_is_no_resend_and_leaves_none_behind(
    tmp_path: Path,
) -> None:
    records = [message("m1", ORDER, 0, count=3), dead("m1"), message("m2", ORDER, 240)]

    findings = found(tmp_path, records, POLICY)

    assert "redrive_copy" in kinds(findings)
    assert "producer_resend" not in kinds(findings)
