"""A span known not to be read is a finding, with the records at its borders where there are any."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Cause, Checkpoint, Page, Record, Span
from tests.factories import LOG_GROUP, log_event
from tests.workbench.findings.traces import QUEUE, STREAM, T0, at, message, put, trace_of
from workbench.findings import Finding, find
from workbench.findings.losses.capture_hole import ASKED_FOR
from workbench.trace import Trace, TraceWriter, open_trace
from workbench.trace.export import export


def holes(trace: Trace, **asked: datetime) -> list[Finding]:
    return list(find(trace, only=["capture_hole"], **asked))  # type: ignore[arg-type]


def stream(*seconds: float, shard: str = "shard-0") -> list[Record]:
    return [put(number, "k", {"n": number}, at, shard) for number, at in enumerate(seconds)]


def test_a_hole_is_named_with_the_records_at_its_borders(tmp_path: Path) -> None:
    hole = Span(at(10), at(20), Cause.TRIMMED)
    trace = trace_of(tmp_path / "t.trace", stream(1, 9, 10, 20, 21), holes=[hole])

    (finding,) = holes(trace)

    assert (finding.kind, finding.source_arn, finding.count) == ("capture_hole", STREAM, 1)
    assert (finding.severity, finding.coverage) == ("fault", "hole")
    assert finding.instances == (
        {
            "key": "shard-0",
            "delivery_ids": [3, 4],
            "from": "2026-11-20T10:00:10.000000Z",
            "to": "2026-11-20T10:00:20.000000Z",
            "cause": "trimmed",
        },
    )
    assert trace.sql(finding.sql)["border"].to_list() == ["before", "behind"]
    assert finding.notes == (
        "trimmed: the service had dropped it: capture sooner, or raise the source's retention",
    )


@pytest.mark.parametrize(("seconds", "deliveries"), [((1,), [1]), ((30,), [1]), ((15,), [])])
def test_a_border_without_a_record_is_left_out(
    tmp_path: Path, seconds: tuple[float], deliveries: list[int]
) -> None:
    hole = Span(at(10), at(20), Cause.TRIMMED)

    (finding,) = holes(trace_of(tmp_path / "t.trace", stream(*seconds), holes=[hole]))

    assert finding.instances[0]["delivery_ids"] == deliveries
    assert finding.deliveries == len(deliveries)


def unread(folder: Path, cause: Cause = Cause.UNREADABLE) -> Trace:
    """A source of which nothing at all was read."""
    writer = TraceWriter(folder / "t.trace", "capture", ["test"], lambda: T0)
    writer.append_hole(QUEUE, "", Span(at(10), at(20), cause))
    writer.close()
    return open_trace(folder / "t.trace")


def test_a_hole_without_any_record_is_still_named_and_its_sql_returns_it(tmp_path: Path) -> None:
    trace = unread(tmp_path)

    (finding,) = holes(trace)

    assert (finding.count, finding.deliveries) == (1, 0)
    assert finding.first_at == at(10)
    assert finding.instances[0]["delivery_ids"] == []
    assert trace.sql(finding.sql)["cause"].to_list() == ["unreadable"]


@pytest.mark.parametrize("cause", Cause)
def test_what_was_left_out_as_asked_is_informational_and_all_else_a_fault(
    cause: Cause, tmp_path: Path
) -> None:
    (finding,) = holes(unread(tmp_path, cause))

    assert finding.severity == ("informational" if cause in ASKED_FOR else "fault")


def test_a_covered_source_is_clean(tmp_path: Path) -> None:
    assert holes(trace_of(tmp_path / "t.trace", stream(1, 500))) == []


def test_a_hole_of_the_whole_source_borders_on_records_of_any_partition(tmp_path: Path) -> None:
    """Log groups are read across their streams."""
    events = [log_event(n, seconds=n, log_stream=f"s{n % 2}") for n in (1, 2, 30, 31)]
    writer = TraceWriter(tmp_path / "t.trace", "capture", ["test"], lambda: T0)
    spans = (Span(T0, at(60)), Span(at(10), at(20), Cause.LOGS_DROPPED))
    writer.append_pages([(LOG_GROUP, Page(tuple(events), Checkpoint("", "x"), spans))])
    writer.close()

    (finding,) = holes(open_trace(tmp_path / "t.trace"))

    assert finding.instances[0]["delivery_ids"] == [2, 3]


def test_a_hole_borders_on_records_of_its_own_partition_only(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t.trace", "capture", ["test"], lambda: T0)
    for shard, spans in {
        "a": (Span(T0, at(60)),),
        "b": (Span(T0, at(60)), Span(at(10), at(20), Cause.TRIMMED)),
    }.items():
        page = Page(tuple(stream(9, 21, shard=shard)), Checkpoint(shard, "x"), spans)
        writer.append_pages([(STREAM, page)])
    writer.close()
    trace = open_trace(tmp_path / "t.trace")

    (finding,) = holes(trace)

    assert [each["key"] for each in finding.instances] == ["b"]
    assert finding.instances[0]["delivery_ids"] == [3, 4]


def test_a_hole_that_a_later_reading_healed_is_none(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t.trace", "capture", ["test"], lambda: T0)
    for spans in (
        (Span(T0, at(60)), Span(at(10), at(20), Cause.LATE)),
        (Span(T0, at(60), sealed=True),),
    ):
        writer.append_pages([(LOG_GROUP, Page((), Checkpoint("", str(spans)), spans))])
    writer.close()

    assert holes(open_trace(tmp_path / "t.trace")) == []


def test_only_holes_that_reach_into_the_asked_time_are_named(tmp_path: Path) -> None:
    spans = [Span(at(10), at(20), Cause.TRIMMED), Span(at(40), at(50), Cause.TRIMMED)]
    trace = trace_of(tmp_path / "t.trace", stream(1), holes=spans)

    (finding,) = holes(trace, since=at(20), until=at(39))

    assert [each["from"] for each in finding.instances] == ["2026-11-20T10:00:10.000000Z"]


def test_two_causes_of_one_span_are_two_instances(tmp_path: Path) -> None:
    spans = [Span(at(10), at(20), cause) for cause in (Cause.TRIMMED, Cause.FILTERED)]

    (finding,) = holes(trace_of(tmp_path / "t.trace", stream(1), holes=spans))

    assert sorted(each["cause"] for each in finding.instances) == ["filtered", "trimmed"]
    assert finding.severity == "fault"


def test_records_without_an_instant_are_no_border(tmp_path: Path) -> None:
    timeless = replace(message("m", "x"), source_at=None)
    hole = Span(at(10), at(20), Cause.TRIMMED)

    (finding,) = holes(trace_of(tmp_path / "t.trace", [timeless], holes=[hole]))

    assert finding.instances[0]["delivery_ids"] == []


def test_a_sealed_file_names_them_too(tmp_path: Path) -> None:
    with unread(tmp_path) as trace:
        sealed = export(trace, tmp_path / "t.duckdb")

    with open_trace(sealed) as opened:
        assert [each.count for each in holes(opened)] == [1]


spans = st.tuples(st.integers(0, 30), st.integers(1, 5)).map(
    lambda told: Span(at(told[0]), at(told[0] + told[1]), Cause.TRIMMED)
)


@settings(max_examples=12, deadline=None)
@given(st.lists(spans, max_size=4), st.lists(st.integers(0, 40), max_size=6, unique=True))
def test_borders_are_the_nearest_records_on_either_side(
    told: list[Span], seconds: list[int]
) -> None:
    records = stream(*seconds) or [message("m", "x")]
    with TemporaryDirectory() as folder, trace_of(Path(folder, "t"), records, holes=told) as trace:
        known = trace.coverage().filter(state="hole").select("from_at", "to_at").rows()
        found = [
            (row["from_at"], row["to_at"], row["border"], row["source_at"])
            for finding in holes(trace)
            for row in trace.sql(finding.sql).iter_rows(named=True)
            if row["border"] is not None
        ]

    instants = [record.source_at for record in records if record.source_at is not None]
    before = [
        (start, end, "before", max(one for one in instants if one <= start))
        for start, end in known
        if min(instants) <= start
    ]
    behind = [
        (start, end, "behind", min(one for one in instants if one >= end))
        for start, end in known
        if max(instants) >= end
    ]
    assert sorted(found) == sorted(before + behind)
