"""Witness rows with the records behind them."""

from pathlib import Path

from tests.workbench.findings.traces import message, put, trace_of
from workbench.findings import find
from workbench.views import with_records, witness


def test_the_witness_is_what_the_findings_sql_returns(tmp_path: Path) -> None:
    records = [message("m", {"n": 1}), message("m", {"n": 1}, count=2), message("other", {"n": 2})]
    with trace_of(tmp_path / "t.trace", records) as trace:
        (finding,) = find(trace, only=["redelivery"])

        assert witness(trace, finding).equals(trace.sql(finding.sql))
        assert witness(trace, finding)["delivery_id"].to_list() == [1, 2]


def test_records_come_along_in_the_order_of_the_witness(tmp_path: Path) -> None:
    records = [put(1, "k", b"first", 0), put(2, "k", b"second", 1), put(3, "k", b"x" * 5_000, 2)]
    with trace_of(tmp_path / "t.trace", records) as trace:
        rows = trace.sql("select source_arn, 'k' as key, delivery_id from records order by 3 desc")
        told = with_records(trace, rows)

    assert told["delivery_id"].to_list() == [3, 2, 1]
    assert told["body_start"].to_list() == [b"x" * 2_000, b"second", b"first"]
    assert told["body_bytes"].to_list() == [5_000, 6, 5]
    assert "source_arn" not in told.columns


def test_a_column_of_the_witness_is_not_taken_over_by_the_records(tmp_path: Path) -> None:
    with trace_of(tmp_path / "t.trace", [put(1, "k", b"{}", 0)]) as trace:
        rows = trace.sql("select 'mine' as record_id, delivery_id from records")

        assert with_records(trace, rows)["record_id"].to_list() == ["mine"]
