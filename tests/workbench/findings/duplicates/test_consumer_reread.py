"""A stream record that one consumer had twice, told from records that each consumer has once."""

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.record import Record
from tests.factories import TABLE_STREAM, dynamodb_change, write_trace
from tests.workbench.findings.duplicates.mappings import mapped
from tests.workbench.findings.duplicates.requests import GROUP, kinds, only, request, request_id
from tests.workbench.findings.traces import STREAM, put, trace_of
from workbench.findings import find
from workbench.findings.finding import FAULT, INFORMATIONAL

RECORDS = [put(number, f"k{number}", {"v": number}, number) for number in range(1, 4)]
SEQUENCES = [str(record.sequence_number) for record in RECORDS]


def twice(*, first_raised: bool) -> list[Record]:
    return [
        *request("a", SEQUENCES[:2], began=10, lasted=1, raised=first_raised),
        *request("b", SEQUENCES[:2], began=20, lasted=1),
        *request("c", SEQUENCES[2:], began=30, lasted=1),
    ]


def test_a_batch_that_failed_and_came_again_is_reread_as_promised(tmp_path: Path) -> None:
    trace = trace_of(tmp_path / "t.trace", [*RECORDS, *twice(first_raised=True)])

    finding = only(find(trace), "consumer_reread")

    assert (finding.source_arn, finding.count, finding.severity) == (STREAM, 2, INFORMATIONAL)
    assert [each["key"] for each in finding.instances] == [
        f"shard-0:{each}" for each in SEQUENCES[:2]
    ]
    for instance in finding.instances:
        assert instance["request_ids"] == [request_id("a"), request_id("b")]
        assert (instance["cause"], instance["completions"], instance["log_group"]) == (
            "retry",
            1,
            GROUP,
        )
    witness = trace.sql(finding.sql)
    assert set(witness["source_arn"]) == {STREAM}
    told = trace.sql(
        "select count(*) filter (service = 'aws:kinesis') as records, count(*) filter (service = 'aws:logs') as lines"
        " from records where delivery_id in $ids",
        ids=finding.instances[0]["delivery_ids"],
    )
    assert told.row(0) == (1, 6)


def test_a_record_read_again_after_success_is_a_fault(tmp_path: Path) -> None:
    finding = only(
        find(trace_of(tmp_path / "t.trace", [*RECORDS, *twice(first_raised=False)])),
        "consumer_reread",
    )

    assert finding.severity == FAULT
    assert {(each["cause"], each["completions"]) for each in finding.instances} == {
        ("after_success", 2)
    }


def test_where_single_records_may_be_reported_as_failed_success_proves_no_lost_checkpoint(
    tmp_path: Path,
) -> None:
    partial = mapped(STREAM, "charge", response_types=["ReportBatchItemFailures"])
    trace = write_trace(tmp_path / "t.trace", [*RECORDS, *twice(first_raised=False)], [partial])

    finding = only(find(trace), "consumer_reread")

    assert {each["cause"] for each in finding.instances} == {"partial_failure_or_reread"}


def test_a_request_without_an_end_leaves_the_cause_unknown(tmp_path: Path) -> None:
    cut_off = request("a", SEQUENCES[:1], began=10, lasted=1)[:2]
    again = request("b", SEQUENCES[:1], began=20, lasted=1)

    finding = only(
        find(trace_of(tmp_path / "t.trace", [*RECORDS, *cut_off, *again])), "consumer_reread"
    )

    assert finding.instances[0]["cause"] == "unknown"


def test_two_consumers_that_read_each_record_once_reread_nothing(tmp_path: Path) -> None:
    logs = [
        *request("a", SEQUENCES, began=10, lasted=1),
        *request("b", SEQUENCES, began=10, lasted=1, group=f"{GROUP}-other"),
    ]

    assert "consumer_reread" not in kinds(find(trace_of(tmp_path / "t.trace", [*RECORDS, *logs])))


def test_several_lines_of_one_request_and_a_record_captured_twice_are_no_reread(
    tmp_path: Path,
) -> None:
    logs = request("a", [SEQUENCES[0], SEQUENCES[0]], began=10, lasted=1)

    assert "consumer_reread" not in kinds(
        find(trace_of(tmp_path / "t.trace", [*RECORDS, *RECORDS, *logs]))
    )


def test_a_change_of_a_table_is_named_by_its_shard_and_sequence_number(tmp_path: Path) -> None:
    change = dynamodb_change(1, {"id": {"S": "order-1"}})
    logs = [
        *request("a", [change.record_id], began=10, lasted=1, raised=True),
        *request("b", [change.record_id], began=20, lasted=1),
    ]

    finding = only(find(write_trace(tmp_path / "t.trace", [change, *logs])), "consumer_reread")

    assert finding.source_arn == TABLE_STREAM
    assert finding.instances[0]["key"] == f"{change.partition_id}:{change.sequence_number}"


@pytest.mark.parametrize(("second_version", "found"), [("$LATEST", True), ("7", False)])
def test_two_mappings_to_versions_of_one_function_are_two_consumers(
    tmp_path: Path, second_version: str, found: bool
) -> None:
    first = request("a", SEQUENCES[:1], began=10, lasted=1)
    second = request("b", SEQUENCES[:1], began=10, lasted=1)
    start = second[0].body.replace(b"$LATEST", second_version.encode())
    second[0] = replace(second[0], body=start)
    mappings = [mapped(STREAM, "charge", number) for number in (1, 2)]

    told = kinds(find(write_trace(tmp_path / "t.trace", [*RECORDS, *first, *second], mappings)))

    assert ("consumer_reread" in told) == found
