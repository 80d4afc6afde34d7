"""Reading a trace: one pinned generation, no way out of the trace, one line for each mistake."""

import json
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from connectors.record import Resource
from tests.factories import (
    QUEUE,
    SHARD,
    STREAM,
    clock,
    instant,
    kinesis_record,
    page,
    sqs_message,
    write_trace,
)
from workbench.errors import TraceError, UsageError
from workbench.trace import Trace, TraceWriter, open_trace
from workbench.trace.schema import RUNS, SEGMENT_RELATIONS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "t.trace"


def count(trace: Trace) -> int:
    found: int = trace.sql("select count(*) from records").item()
    return found


def test_a_trace_sees_the_generation_it_was_opened_at(folder: Path) -> None:
    writer = TraceWriter(folder, "capture", [], clock)
    writer.append_pages([(STREAM, page(kinesis_record(1)))])

    with open_trace(folder) as trace:
        writer.append_pages([(STREAM, page(kinesis_record(2)))])
        writer.append_resources([Resource(STREAM, "list-shards", clock(), "{}")])

        assert (trace.generation, count(trace)) == (1, 1)
        assert trace.sql("select count(*) from resources").item() == 0
        assert trace.refresh() is trace
        assert (trace.generation, count(trace)) == (3, 2)
        assert trace.sql("select count(*) from resources").item() == 1


def test_a_query_under_way_keeps_its_generation_through_a_refresh(folder: Path) -> None:
    writer = TraceWriter(folder, "capture", [], clock)
    writer.append_pages([(STREAM, page(*(kinesis_record(n) for n in range(100))))])

    with open_trace(folder) as trace:
        rows = trace.rows("select delivery_id from records order by 1", at_once=10)
        first = [next(rows) for _ in range(5)]
        writer.append_pages([(STREAM, page(kinesis_record(100)))])
        trace.refresh()
        rest = list(rows)

        assert len(first) + len(rest) == 100
        assert count(trace) == 101


def test_an_empty_trace_has_every_relation_with_its_columns(folder: Path) -> None:
    TraceWriter(folder, "capture", [], clock).close()

    with open_trace(folder) as trace:
        for relation, schema in SEGMENT_RELATIONS.items():
            frame = trace.sql(f"select * from {relation}")
            assert frame.columns == schema.names
            assert frame.is_empty()
        assert trace.coverage().is_empty()
        assert trace.info()["records"] == 0


def test_columns_have_the_same_types_with_and_without_rows(folder: Path, tmp_path: Path) -> None:
    TraceWriter(folder, "capture", [], clock).close()
    described = "select column_name, column_type from (describe records)"

    with (
        open_trace(folder) as empty,
        write_trace(tmp_path / "full.trace", [sqs_message(1)]) as full,
    ):
        assert empty.sql(described).equals(full.sql(described))


def test_rows_come_in_parts_and_all(folder: Path) -> None:
    with write_trace(folder, [kinesis_record(n) for n in range(25)]) as trace:
        rows = list(
            trace.rows("select delivery_id from records order by 1 limit $most", at_once=4, most=21)
        )

    assert len({row["delivery_id"] for row in rows}) == 21


def test_parameters_are_values_and_never_sql(folder: Path) -> None:
    with write_trace(folder, [sqs_message(1)]) as trace:
        hostile = "'; drop view records; --"

        assert trace.sql("select $text as found", text=hostile).item() == hostile
        assert count(trace) == 1


def test_a_wrong_statement_is_one_line(folder: Path) -> None:
    with write_trace(folder, [sqs_message(1)]) as trace:
        for statement in ("selec 1", "select nothing from records", "select 'a'::int"):
            with pytest.raises(UsageError, match="DuckDB does not accept the statement") as raised:
                trace.sql(statement)
            assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "statement",
    [
        "select record_id::int from records",
        "select error('late') from range(200000) t(n) where n > 150000",
    ],
)
def test_a_statement_that_goes_wrong_on_the_way_is_one_line_too(
    folder: Path, statement: str
) -> None:
    with (
        write_trace(folder, [sqs_message(1)]) as trace,
        pytest.raises(UsageError, match="does not accept") as raised,
    ):
        list(trace.rows(statement))
    assert "\n" not in str(raised.value)


def test_a_statement_without_rows_is_an_empty_frame(folder: Path) -> None:
    with write_trace(folder, [sqs_message(1)]) as trace:
        assert trace.sql("create temp table t (n int)").is_empty()


def test_a_closed_trace_says_so(folder: Path) -> None:
    trace = write_trace(folder, [sqs_message(1)])
    trace.close()
    trace.close()

    with pytest.raises(UsageError, match=r"wanted an open trace, found .* closed"):
        trace.sql("select 1")


def test_several_threads_may_ask_at_once(folder: Path) -> None:
    with write_trace(folder, [kinesis_record(n) for n in range(500)]) as trace:
        counts: list[int] = []
        threads = [threading.Thread(target=lambda: counts.append(count(trace))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert counts == [500] * 8


def append_runs(folder: Path, runs: pa.Table) -> None:
    writer = TraceWriter(folder, "replay", [], clock)
    writer.append_results({"runs": runs})
    writer.close()


def test_results_are_there_once_they_are_saved(folder: Path) -> None:
    run = dict.fromkeys(RUNS.names) | {"run_id": "r1", "started_at": instant(1)}
    with write_trace(folder, [sqs_message(1)]) as trace:
        append_runs(folder, pa.Table.from_pylist([run], schema=RUNS))
        trace.refresh()

        assert trace.sql("select run_id, started_at from runs").rows() == [("r1", instant(1))]
        assert trace.info()["results"]["runs"] == 1


def test_no_results_make_no_generation(folder: Path) -> None:
    with write_trace(folder, [sqs_message(1)]) as trace:
        before = trace.generation
        append_runs(folder, RUNS.empty_table())
        trace.refresh()

        assert trace.generation == before


def test_the_overview_counts_each_source(folder: Path) -> None:
    with write_trace(
        folder, [sqs_message(1), kinesis_record(1), kinesis_record(2, seconds=9)]
    ) as trace:
        info = trace.info()

    stream, queue = info["sources"]
    assert (stream["source_arn"], stream["records"], stream["coverage"]) == (STREAM, 2, "read")
    assert (stream["first_at"], stream["last_at"]) == (
        "2026-11-20T10:00:00.000000Z",
        "2026-11-20T10:00:09.000000Z",
    )
    assert (queue["source_arn"], queue["records"]) == (QUEUE, 1)
    assert (info["records"], info["generation"]) == (3, 2)
    assert info["captures"][0]["sources"] == ["test"]


def test_a_missing_segment_is_a_mistake_in_one_line(folder: Path) -> None:
    with write_trace(folder, [sqs_message(1)]) as trace:
        for file in folder.rglob("*.parquet"):
            file.unlink()
        with pytest.raises(TraceError, match=r"purged since.*verify") as raised:
            trace.sql("select * from records")
    assert "\n" not in str(raised.value)


def test_a_trace_fetches_nothing_from_elsewhere(folder: Path) -> None:
    with write_trace(folder, [sqs_message(1)]) as trace, pytest.raises(UsageError):
        trace.sql("select * from read_csv('http://127.0.0.1:9/x.csv')")


def test_where_production_stands_is_told_beside_what_was_captured(folder: Path) -> None:
    writer = TraceWriter(folder, "capture", [], clock)
    records = [kinesis_record(n) for n in range(1, 13)]  # numbers of 56 digits: compared as such
    writer.append_pages([(STREAM, page(*records))])
    earlier, later = (
        {
            "application": "billing",
            "leases": [
                {"shardId": SHARD, "checkpoint": checkpoint, "leaseOwner": "w1"},
                {"shardId": "shardId-000000000001", "checkpoint": "SHARD_END"},
            ],
        }
        for checkpoint in ("TRIM_HORIZON", records[4].sequence_number)
    )
    writer.append_resources(
        [
            Resource(STREAM, "kcl-leases", instant(9), json.dumps(later)),
            Resource(STREAM, "kcl-leases", instant(1), json.dumps(earlier)),
        ]
    )
    writer.close()

    with open_trace(folder) as trace:
        rows = trace.production_positions().rows()

    assert rows == [
        (
            STREAM,
            SHARD,
            "billing",
            instant(9),
            records[-1].sequence_number,
            records[4].sequence_number,
            None,
            "w1",
            7,
        ),
        (
            STREAM,
            "shardId-000000000001",
            "billing",
            instant(9),
            None,
            "SHARD_END",
            None,
            None,
            None,
        ),
    ]
