"""A message delivered again while an earlier attempt worked, told from attempts that followed each other."""

from pathlib import Path

import pytest

from connectors.record import Record
from tests.factories import write_trace
from tests.workbench.findings.duplicates.mappings import mapped
from tests.workbench.findings.duplicates.requests import (
    GROUP,
    kinds,
    message_id,
    only,
    request,
    request_id,
)
from tests.workbench.findings.traces import QUEUE, at, message, trace_of
from workbench.findings import find

ID = message_id(1)
OTHER_GROUP = f"{GROUP}-other"


def delivered_twice(id_: str = ID) -> list[Record]:
    return [message(id_, {"order": id_}, count=count) for count in (1, 2)]


def test_an_attempt_that_began_before_the_earlier_one_ended_overlaps_it(tmp_path: Path) -> None:
    logs = [
        *request("a", [ID], began=0, lasted=40),
        *request("b", [ID], began=30, lasted=20),
    ]
    trace = trace_of(tmp_path / "t.trace", [*delivered_twice(), *logs])

    found = find(trace)
    finding = only(found, "overlapping_redelivery")

    (instance,) = finding.instances
    assert (finding.source_arn, instance["key"], instance["overlap_ms"]) == (QUEUE, ID, 10_000)
    assert instance["request_ids"] == [request_id("a"), request_id("b")]
    assert instance["receive_counts"] == [1, 2]
    assert instance["completions"] == 2
    assert "redelivery" not in kinds(found), "the more telling kind has it"
    witness = trace.sql(finding.sql)
    assert witness["delivery_id"].to_list() == instance["delivery_ids"]
    lines = trace.sql(
        "select decode(body)[:6] as line from records where delivery_id in $ids and service = 'aws:logs'",
        ids=instance["delivery_ids"],
    )["line"]
    assert sorted(lines) == ["REPORT", "REPORT", "START ", "START "]
    assert witness["source_arn"].unique().to_list() == [QUEUE]


@pytest.mark.parametrize(("began", "raised"), [(31, True), (31, False), (9.995, False)])
def test_an_attempt_after_the_end_of_the_earlier_one_is_a_plain_redelivery(
    tmp_path: Path, began: float, raised: bool
) -> None:
    logs = [
        *request("a", [ID], began=0, lasted=10, raised=raised),
        *request("b", [ID], began=began, lasted=1),
    ]

    found = find(trace_of(tmp_path / "t.trace", [*delivered_twice(), *logs]))

    assert kinds(found) == {"redelivery"}


def test_two_messages_of_overlapping_requests_overlap_only_where_they_are_the_same(
    tmp_path: Path,
) -> None:
    other = message_id(2)
    logs = [
        *request("a", [ID, other], began=0, lasted=40),
        *request("b", [message_id(3)], began=10, lasted=20),
        *request("c", [other], began=50, lasted=20),
    ]
    sent = [message(message_id(3), 3), *delivered_twice(), *delivered_twice(other)]

    assert "overlapping_redelivery" not in kinds(
        find(trace_of(tmp_path / "t.trace", [*sent, *logs]))
    )


def test_the_longest_of_several_overlaps_is_told_and_every_attempt_in_it_named(
    tmp_path: Path,
) -> None:
    logs = [
        *request("a", [ID], began=0, lasted=100),
        *request("b", [ID], began=30, lasted=5),
        *request("c", [ID], began=60, lasted=50),
        *request("d", [ID], began=200, lasted=5),
    ]

    finding = only(
        find(trace_of(tmp_path / "t.trace", [*delivered_twice(), *logs])), "overlapping_redelivery"
    )

    assert finding.instances[0]["overlap_ms"] == 40_000
    assert finding.instances[0]["request_ids"] == [request_id(name) for name in "abc"]


def test_an_id_in_the_log_of_another_function_counts_only_where_both_consume_the_queue(
    tmp_path: Path,
) -> None:
    logs = [
        *request("a", [ID], began=0, lasted=40),
        *request("b", [ID], began=10, lasted=5, group=OTHER_GROUP),
    ]
    records = [*delivered_twice(), *logs]

    unknown = find(write_trace(tmp_path / "unknown.trace", records))
    both = [mapped(QUEUE, "charge"), mapped(QUEUE, "charge-other")]
    known = find(write_trace(tmp_path / "known.trace", records, both))

    assert "overlapping_redelivery" not in kinds(unknown)
    assert only(known, "overlapping_redelivery").instances[0]["overlap_ms"] == 5_000


def test_copies_of_one_publish_in_two_queues_do_not_overlap(tmp_path: Path) -> None:
    logs = [
        *request("a", [message_id(1)], began=0, lasted=40),
        *request("b", [message_id(2)], began=10, lasted=40, group=OTHER_GROUP),
    ]
    copies = [message(message_id(1), "x"), message(message_id(2), "x", queue=f"{QUEUE}-other")]

    assert "overlapping_redelivery" not in kinds(
        find(trace_of(tmp_path / "t.trace", [*copies, *logs]))
    )


def test_a_message_sent_outside_the_asked_span_is_left_out(tmp_path: Path) -> None:
    logs = [*request("a", [ID], began=0, lasted=40), *request("b", [ID], began=30, lasted=20)]
    trace = trace_of(tmp_path / "t.trace", [*delivered_twice(), *logs])

    assert len(find(trace, since=at(1))) == 0
    assert kinds(find(trace, until=at(0))) == {"overlapping_redelivery"}
