"""Compaction changes no answer: fewer files, the same rows; and no instant at which the trace is not whole."""

import itertools
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.record import Record
from tests.conftest import REPOSITORY
from tests.connectors.kinesis.test_kpl import aggregate
from tests.factories import (
    QUEUE,
    STREAM,
    T0,
    clock,
    kinesis_record,
    log_event,
    page,
    sqs_message,
)
from tests.workbench.cli.running import run
from workbench.errors import TraceError, UsageError
from workbench.trace import TraceWriter, open_trace
from workbench.trace.catalog import Catalog
from workbench.trace.compaction import GRACE, compact
from workbench.trace.purge import Asked, purge
from workbench.trace.schema import COMPACTED, RUNS
from workbench.trace.segments import MERGED
from workbench.trace.verify import verify

FIELDS = {"key": "$.id", "sequence": "$.v", "event_time": "$.at"}
BUSINESS = "from business('$.id', '$.v', '$.at') order by delivery_id, sub_sequence"
OTHER = "from business('$.v', '$.at', '$.id') order by delivery_id, sub_sequence"
ENVELOPE = {"Type": "Notification", "TopicArn": "arn:t", "Message": '{"id":"m","v":9}'}
BODIES = (
    {"id": "a", "v": 1, "at": "2026-11-20T10:00:00Z"},
    {"id": "é", "v": "2", "at": 1795168800},
    b'{"id": "x", "id": "y", "v": 1.0, "at": NaN}',
    b'{"id": {"b": [1, 2.50]}, "v": 12345678901234567890, "at": null}',
    b'{"id": "\\ud800", "v": 1e2,}',
    ENVELOPE,
    b"no JSON",
    b"\xff\xfe",
    b"",
)


def mixed(count: int) -> list[Record]:
    """Records of several sources, with every kind of body."""
    made: list[Record] = []
    for number in range(1, count + 1):
        body = BODIES[number % len(BODIES)]
        made += [
            kinesis_record(number, body, key=f"k{number % 3}", seconds=number),
            sqs_message(number, body, seconds=count - number),
            log_event(number, f"line {number}", seconds=number),
        ]
    return [*made, kinesis_record(count + 1, aggregate(("a", "0", b'{"id":"u","v":7}')))]


def write(folder: Path, records: list[Record], commits: int = 5) -> None:
    writer = TraceWriter(folder, "capture", [], clock)
    for part in range(commits):
        pages = [(record.source_arn, page(record)) for record in records[part::commits]]
        if pages:
            writer.append_pages(pages)
    writer.close()


def answers(folder: Path) -> list[pl.DataFrame]:
    with open_trace(folder) as trace:
        statements = ("from records order by delivery_id", "from user_records order by all")
        return [trace.sql(each) for each in (*statements, BUSINESS, OTHER)]


def stored(folder: Path) -> pl.DataFrame:
    with open_trace(folder) as trace:
        return trace.sql("from records order by delivery_id")


def assert_same(before: list[pl.DataFrame], after: list[pl.DataFrame]) -> None:
    for one, other in zip(before, after, strict=True):
        assert one.equals(other)


def segments(folder: Path) -> list[tuple[str, int, dict[str, Any] | None]]:
    catalog = Catalog.open(folder)
    try:
        rows = catalog.rows("select path, rows, facts from segments where removed_in is null")
    finally:
        catalog.close()
    return [(path, count, facts and json.loads(facts)) for path, count, facts in rows]


def files(folder: Path) -> int:
    return len(list((folder / "segments").rglob("*.parquet")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "t.trace", mixed(20))
    return tmp_path / "t.trace"


def test_few_files_give_the_same_answers_as_many(folder: Path) -> None:
    before = answers(folder)
    pinned = open_trace(folder)

    compacted = compact(folder, now=clock, fields=FIELDS)

    assert (compacted.segments_before, compacted.segments_after, compacted.merged) == (15, 3, 15)
    assert compacted.rows == 61
    assert_same(before, answers(folder))
    assert pinned.sql("select count(*) from records").item() == 61, (
        "an older generation still reads"
    )
    verified = verify(folder)
    assert (verified.problems, verified.segments, verified.rows) == ((), 3, 61)
    assert (verified.orphans, verified.retired) == (0, 15)
    pinned.close()


def test_a_second_time_there_is_nothing_to_do(folder: Path) -> None:
    compact(folder, now=clock, fields=FIELDS)
    generation = segments(folder)

    again = compact(folder, now=clock)

    assert (again.merged, again.rows, again.segments_after) == (0, 0, 3)
    assert segments(folder) == generation


@settings(max_examples=8)
@given(
    order=st.permutations(range(12)),
    commits=st.lists(st.integers(1, 4), min_size=2, max_size=6),
    rows_wanted=st.integers(1, 12),
)
def test_answers_do_not_depend_on_where_segments_end(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], commits: list[int], rows_wanted: int
) -> None:
    folder = tmp_path_factory.mktemp("law") / "t.trace"
    records = [mixed(4)[number] for number in order]
    write(folder, records, commits=len(commits))
    before = answers(folder)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workbench.trace.compaction.ROWS_WANTED", rows_wanted)
        compact(folder, now=clock, fields=FIELDS)
        assert_same(before, answers(folder))
        live = segments(folder)
        compact(folder, now=clock)
        assert segments(folder) == live
    assert verify(folder).problems == ()


def test_a_merged_segment_is_sorted_by_source_partition_and_number(folder: Path) -> None:
    compact(folder, now=clock)

    for path, _, _ in segments(folder):
        table = pq.read_table(folder / path)
        assert table.schema.equals(COMPACTED)
        places = [
            (r["source_arn"], r["partition_id"], int(r["sequence_number"] or 0), r["source_at"])
            for r in table.to_pylist()
        ]
        assert places == sorted(places)


def test_a_field_that_is_kept_is_answered_without_opening_payloads(folder: Path) -> None:
    compact(folder, now=clock, fields=FIELDS)

    with open_trace(folder) as trace:
        kept = trace.sql("explain select key, sequence from business('$.id', '$.v', null)").item(
            0, 1
        )
        other = trace.sql("explain select key from business('$.other', null, null)").item(0, 1)
    compacted, body = "Filters: parse_status = 'json'", "body"
    assert compacted in kept
    assert (
        body not in kept.replace("decode(body)", "").split(compacted)[0].split("Read Parquet")[-1]
    )
    assert body in other.split("Read Parquet")[-1]


def test_fields_that_are_named_later_are_written_into_segments_that_are_there(folder: Path) -> None:
    compact(folder, now=clock)
    before = answers(folder)

    again = compact(folder, now=clock, fields=FIELDS)

    assert again.merged == 3
    assert {facts["fields"]["key"] for _, _, facts in segments(folder) if facts} == {"$.id"}
    assert_same(before, answers(folder))
    with open_trace(folder) as trace:
        assert trace.settings() == FIELDS


def test_what_is_no_path_is_refused_before_anything_is_done(folder: Path) -> None:
    with pytest.raises(UsageError, match="wanted a JSONPath"):
        compact(folder, now=clock, fields={"key": "$.*"})

    assert {facts for _, _, facts in segments(folder)} == {None}


def test_a_path_with_quotes_and_dollars_is_kept_like_any_other(tmp_path: Path) -> None:
    folder = tmp_path / "t.trace"
    write(folder, [kinesis_record(1, {"it's $key": "k"}), kinesis_record(2, {"x": 1})])

    compact(folder, now=clock, fields={"key": '$."it\'s $key"'})

    with open_trace(folder) as trace:
        found = trace.sql("from business($path, null, null)", path='$."it\'s $key"')
    assert found["key"].to_list() == ["k", None]


def test_large_segments_are_left_alone_and_small_ones_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.trace.compaction.ROWS_WANTED", 10)
    folder = tmp_path / "t.trace"
    write(folder, [kinesis_record(n) for n in range(1, 26)], commits=25)
    compact(folder, now=clock)
    first = segments(folder)
    assert [rows for _, rows, _ in first] == [10, 10, 5]

    write(folder, [kinesis_record(n) for n in range(26, 29)], commits=3)
    compact(folder, now=clock)

    assert [rows for _, rows, _ in segments(folder)] == [10, 10, 8]
    assert segments(folder)[:2] == first[:2]


def test_one_giant_segment_is_parted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.trace.compaction.ROWS_WANTED", 10)
    monkeypatch.setattr("workbench.trace.compaction.BATCH_ROWS", 7)
    folder = tmp_path / "t.trace"
    write(folder, [kinesis_record(n) for n in range(1, 101)], commits=1)

    compact(folder, now=clock)

    assert all(rows <= 30 for _, rows, _ in segments(folder))
    assert verify(folder).rows == 100


def test_payloads_that_are_large_make_segments_of_fewer_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.trace.compaction.BYTES_WANTED", 5_000)
    folder = tmp_path / "t.trace"
    write(folder, [kinesis_record(n, {"x": "y" * 1_000}) for n in range(1, 21)], commits=20)

    compact(folder, now=clock)

    assert len(segments(folder)) > 3
    assert compact(folder, now=clock).merged == 0


def test_results_are_merged_too(tmp_path: Path) -> None:
    folder = tmp_path / "t.trace"
    writer = TraceWriter(folder, "replay", [], clock)
    for number in range(5):
        run = dict.fromkeys(RUNS.names) | {"run_id": f"r{number}"}
        writer.append_results({"runs": pl.DataFrame([run]).to_arrow().cast(RUNS)})
    writer.close()

    compact(folder, now=clock)

    assert [rows for _, rows, _ in segments(folder)] == [5]
    with open_trace(folder) as trace:
        assert trace.sql("select run_id from runs order by 1")["run_id"].to_list() == [
            f"r{number}" for number in range(5)
        ]


def test_files_go_when_their_grace_is_over_and_readers_of_them_are_told_to_refresh(
    folder: Path,
) -> None:
    pinned = open_trace(folder)
    compact(folder, now=clock)
    assert compact(folder, now=lambda: T0 + GRACE / 2).removed == 0
    assert files(folder) == 18

    assert compact(folder, now=lambda: T0 + GRACE).removed == 15

    assert files(folder) == 3
    assert verify(folder).retired == 0
    with pytest.raises(TraceError, match="refresh"):
        pinned.sql("select body from records")
    assert pinned.refresh().sql("select count(*) from records").item() == 61
    pinned.close()


def test_a_capture_goes_on_meanwhile(folder: Path) -> None:
    writer = TraceWriter(folder, "capture", [], clock)
    writer.hold(STREAM)
    writer.append_pages([(STREAM, page(kinesis_record(100)))])
    compact(folder, now=clock)
    writer.append_pages([(STREAM, page(kinesis_record(101)))])
    writer.close()

    assert verify(folder).problems == ()
    assert verify(folder).rows == 63


@pytest.mark.parametrize("is_written", [True, False], ids=["once written", "before it is written"])
def test_a_purge_that_comes_between_makes_it_begin_anew_and_nothing_comes_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch, is_written: bool
) -> None:
    from workbench.trace import compaction

    published, purged = compaction._published, itertools.count()

    def with_a_purge(*arguments: Any) -> Any:
        segment = published(*arguments) if is_written else None
        if next(purged) == 0:
            purge(folder, Asked(QUEUE), now=T0)
            purge(folder, Asked(where="service = 'aws:kinesis'"), now=T0)
        return segment or published(*arguments)

    monkeypatch.setattr(compaction, "_published", with_a_purge)
    compact(folder, now=clock)

    with open_trace(folder) as trace:
        assert trace.sql("select distinct service from records").item() == "aws:logs"
    verified = verify(folder)
    assert (verified.problems, verified.orphans) == ((), 0)


def test_a_purge_takes_rows_out_of_merged_segments_and_of_the_files_that_were_merged(
    folder: Path,
) -> None:
    compact(folder, now=clock, fields=FIELDS)
    before = answers(folder)

    purge(folder, Asked(QUEUE), now=T0)

    assert files(folder) == 2
    records, packed, *business = before
    others = records.filter(pl.col("source_arn") != QUEUE)["delivery_id"].to_list()
    kept = [frame.filter(pl.col("delivery_id").is_in(others)) for frame in (records, *business)]
    after = answers(folder)
    assert_same([kept[0], packed, *kept[1:]], after)
    assert compact(folder, now=clock).merged == 0, "what was taken out of stays compacted"


def test_a_purge_wins_over_a_compaction_that_was_quicker(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.trace import purge as purging

    rewritten, done = purging._changed, itertools.count()

    def and_then_a_compaction(*arguments: Any) -> Any:
        changed = rewritten(*arguments)
        if next(done) == 0:
            compact(folder, now=clock)
        return changed

    monkeypatch.setattr(purging, "_changed", and_then_a_compaction)
    purge(folder, Asked(QUEUE), now=T0)

    verified = verify(folder)
    assert (verified.problems, verified.rows, verified.orphans) == ((), 41, 0)


def test_what_a_killed_compaction_wrote_goes_with_the_next_purge(folder: Path) -> None:
    orphan = next((folder / "segments" / "sqs").iterdir()).with_name(f"killed{MERGED}")
    shutil.copy(next((folder / "segments" / "sqs").iterdir()), orphan)

    purge(folder, Asked(QUEUE), now=T0)

    assert not orphan.exists()


def test_damage_is_not_written_anew_under_a_checksum_of_its_own(folder: Path) -> None:
    file = next((folder / "segments" / "kinesis").iterdir())
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1
    file.write_bytes(content)

    with pytest.raises(TraceError, match=r"as it was committed.*verify"):
        compact(folder, now=clock)

    assert file.exists()
    assert len(verify(folder).problems) == 1


def test_a_missing_file_is_said(folder: Path) -> None:
    next((folder / "segments" / "kinesis").iterdir()).unlink()

    with pytest.raises(TraceError, match="cannot read"):
        compact(folder, now=clock)


class Died(BaseException):
    """The process is no more."""


@pytest.mark.parametrize("call", ["write", "fsync"])
@pytest.mark.parametrize(
    "error", [Died(), OSError(28, "No space left on device")], ids=["killed", "full"]
)
def test_a_death_or_a_full_disk_at_any_call_leaves_a_whole_trace_that_the_next_one_completes(
    tmp_path: Path, call: str, error: BaseException
) -> None:
    write(tmp_path / "0.trace", mixed(1), commits=2)
    before = stored(tmp_path / "0.trace")
    for number in itertools.count(1):
        folder = tmp_path / f"{number}.trace"
        shutil.copytree(tmp_path / "0.trace", folder)
        made, calls = getattr(os, call), itertools.count(1)

        def failing(
            *arguments: Any,
            _made: Any = made,
            _calls: Any = calls,
            _last: int = number,
            **named: Any,
        ) -> Any:
            if next(_calls) == _last:
                raise error
            return _made(*arguments, **named)

        failed = False
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, call, failing)
            try:
                compact(folder, now=clock, fields=FIELDS)
            except (Died, TraceError) as raised:
                failed = "\n" not in str(raised)
        assert verify(folder).problems == ()
        assert verify(folder).rows == before.height
        compact(folder, now=clock, fields=FIELDS)
        assert len(segments(folder)) == 3
        assert stored(folder).equals(before)
        if not failed:
            assert number > 1
            return


KILLED = """
import sys
from pathlib import Path
from tests.factories import clock
from workbench.trace.compaction import compact
print("started", flush=True)
compact(Path(sys.argv[1]), now=clock, fields={"key": "$.id"})
"""


def test_a_compaction_killed_at_a_random_instant_leaves_a_whole_trace(tmp_path: Path) -> None:
    chance = random.Random(1)
    write(tmp_path / "whole.trace", mixed(8), commits=20)
    before = stored(tmp_path / "whole.trace")
    for trial in range(3):
        folder = tmp_path / f"{trial}.trace"
        shutil.copytree(tmp_path / "whole.trace", folder)
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(folder)], cwd=REPOSITORY, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            try:
                process.wait(timeout=chance.uniform(0.0, 0.6))
            except subprocess.TimeoutExpired:
                process.kill()

        assert verify(folder).problems == ()
        assert stored(folder).equals(before)
        compact(folder, now=clock, fields={"key": "$.id"})
        assert stored(folder).equals(before)
        assert len(segments(folder)) == 3


def test_the_command_merges_and_remembers_and_answers_a_program(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    done = run(capfd, "compact", folder, "--key", "$.id", "--json")

    assert done.code == 0
    assert (done.document["segments_before"], done.document["segments_after"]) == (15, 3)
    assert run(capfd, "compact", folder).err == "3 segments before, 3 now; 0 rows written anew\n"
    with open_trace(folder) as trace:
        assert trace.settings() == {"key": "$.id"}


def test_nothing_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="found nothing"):
        compact(tmp_path / "none.trace", now=clock)


def test_an_empty_trace_stays_empty(tmp_path: Path) -> None:
    TraceWriter(tmp_path / "t.trace", "import", [], clock).close()

    assert compact(tmp_path / "t.trace", now=clock).segments_after == 0
