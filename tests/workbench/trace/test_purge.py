"""Purging erases: no file of the trace shows what was purged, and a crash at any moment leaves a whole trace."""

import itertools
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.record import Page, PeekEffect, Record, Resource, Span
from tests.conftest import REPOSITORY
from tests.factories import (
    QUEUE,
    SHARD,
    STREAM,
    T0,
    clock,
    instant,
    kinesis_record,
    page,
    sqs_message,
    write_trace,
)
from workbench.errors import TraceError, UsageError
from workbench.trace import TraceWriter, open_trace
from workbench.trace.catalog import Catalog
from workbench.trace.purge import Asked, apply_retention, finish, keep_for, purge
from workbench.trace.schema import EFFECTS, INVOCATIONS, OUTCOMES, RUNS
from workbench.trace.verify import verify

NOW = T0 + timedelta(days=30)


def gone(number: int) -> str:
    """What only a purged delivery says."""
    return f"gone-{number:05d}-of-it"


def records(count: int, purged: Callable[[int], bool]) -> list[Record]:
    """Half in a queue and half in a stream; those to be purged say so."""
    made: list[Record] = []
    for number in range(1, count + 1):
        body = {"n": number, "text": gone(number) if purged(number) else f"kept-{number:05d}-of-it"}
        record = sqs_message if number % 2 else kinesis_record
        made.append(record(number, body, seconds=number))
    return made


def readable(folder: Path) -> bytes:
    """Everything that anyone can read in the files of the trace: raw bytes, and the values of every column."""
    seen = b""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            seen += file.read_bytes()
            if file.suffix == ".parquet":
                table = pq.read_table(file)
                seen += "\n".join(repr(column.to_pylist()) for column in table.columns).encode()
    return seen


def left_of(folder: Path, numbers: Iterable[int]) -> int:
    found = set(re.findall(rb"gone-\d{5}-of-it", readable(folder)))
    return len(found & {gone(number).encode() for number in numbers})


def test_purged_rows_are_erased_and_the_rest_stays_readable(tmp_path: Path) -> None:
    count = 5_000
    folder = tmp_path / "t.trace"
    write_trace(folder, records(2 * count, lambda n: n <= count)).close()
    control = left_of(folder, range(1, count + 1))

    purged = purge(folder, Asked(before=instant(count + 0.5)), now=NOW)

    left = left_of(folder, range(1, count + 1))
    print(f"FIGURE purge rows={purged.rows} readable={left} control={control}")
    assert (purged.rows, left, control) == (count, 0, count)
    with open_trace(folder) as trace:
        kept = trace.sql("select field(body, '$.n')::int as n from records order by n")[
            "n"
        ].to_list()
    assert kept == list(range(count + 1, 2 * count + 1))
    assert verify(folder).problems == ()


def test_rows_that_are_only_hidden_are_found(tmp_path: Path) -> None:
    """The control: without the removal of files the very same look finds them."""
    folder = tmp_path / "t.trace"
    write_trace(folder, records(40, lambda n: n <= 20)).close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workbench.trace.purge.finish_erasures", lambda catalog, now: False)
        purge(folder, Asked(before=instant(20.5)), now=NOW)

    with open_trace(folder) as trace:
        assert trace.sql("select count(*) from records").item() == 20
    assert left_of(folder, range(1, 21)) == 20
    finish(folder, now=NOW)
    assert left_of(folder, range(1, 21)) == 0


def test_a_source_an_age_and_an_expression_name_rows_together(tmp_path: Path) -> None:
    folder = tmp_path / "t.trace"
    write_trace(folder, records(20, lambda n: n == 7)).close()
    asked = Asked(QUEUE, instant(10), "field(body, '$.n')::int >= 7 -- and no more")

    counted = purge(folder, asked, now=NOW, dry_run=True)
    assert verify(folder).rows == 20
    purged = purge(folder, asked, now=NOW)

    assert counted.rows == purged.rows == 2
    assert purged.sources == {QUEUE: 2}
    assert (counted.dry_run, purged.dry_run) == (True, False)


def test_an_expression_that_is_unknown_is_no_reason_to_purge(tmp_path: Path) -> None:
    folder = tmp_path / "t.trace"
    write_trace(folder, records(6, lambda n: False)).close()

    assert purge(folder, Asked(where="receive_count > 0"), now=NOW).sources == {QUEUE: 3}


@pytest.mark.parametrize(
    "where", ["nonsense = 1", "true) or (true); drop table x; --", "'", "1; select 1"]
)
def test_what_is_no_expression_is_refused_and_nothing_is_purged(tmp_path: Path, where: str) -> None:
    folder = tmp_path / "t.trace"
    write_trace(folder, records(6, lambda n: False)).close()

    with pytest.raises(UsageError):
        purge(folder, Asked(where=where), now=NOW)

    assert verify(folder).rows == 6


def test_coverage_says_what_is_no_longer_there(tmp_path: Path) -> None:
    folder = tmp_path / "t.trace"
    write_trace(folder, [kinesis_record(n, seconds=n) for n in range(1, 11)]).close()

    purge(folder, Asked(where="right(sequence_number, 1) in ('3', '4', '8')"), now=NOW)

    with open_trace(folder) as trace:
        holes = trace.coverage().filter(state="hole").select("from_at", "to_at", "cause").rows()
    assert holes == [(instant(3), instant(4), "filtered"), (instant(8), instant(8), "filtered")]


def test_positions_stay_and_are_not_ahead_of_their_data(tmp_path: Path) -> None:
    folder = tmp_path / "t.trace"
    write_trace(folder, [kinesis_record(n, seconds=n) for n in range(1, 6)]).close()

    purge(folder, Asked(where="sequence_number like '%5'"), now=NOW)

    assert verify(folder).problems == ()
    catalog = Catalog.open(folder)
    assert catalog.checkpoints(STREAM)[SHARD].position == "1"
    catalog.close()


def test_a_damage_beside_a_purge_is_still_found(tmp_path: Path) -> None:
    folder = tmp_path / "t.trace"
    write_trace(folder, [kinesis_record(n, seconds=n) for n in range(1, 6)]).close()
    catalog = Catalog.open(folder, write=True)
    with catalog.transaction() as connection:
        connection.execute("update checkpoints set last_sequence_number = '99'")
    catalog.close()

    purge(folder, Asked(where="sequence_number like '%5'"), now=NOW)

    assert "ahead of the stored data" in verify(folder).problems[0]


def replay_of(folder: Path, run_id: str, delivery_ids: list[int], text: str) -> None:
    rows: dict[str, tuple[pa.Schema, list[dict[str, Any]]]] = {
        "runs": (RUNS, [{"run_id": run_id, "source_arn": QUEUE, "summary": "{}"}]),
        "invocations": (INVOCATIONS, [{"run_id": run_id, "invocation_id": "i", "event": text, "response": text}]),
        "outcomes": (OUTCOMES, [{"run_id": run_id, "delivery_id": n, "error_message": text} for n in delivery_ids]),
        "effects": (EFFECTS, [{"run_id": run_id, "invocation_id": "i", "parameters": text, "answered_with": text}]),
    }  # fmt: skip
    writer = TraceWriter(folder, "replay", [], clock)
    writer.append_results(
        {name: pa.Table.from_pylist(each, schema=schema) for name, (schema, each) in rows.items()}
    )
    writer.close()


def test_replays_lose_what_they_quote_and_keep_their_counts(tmp_path: Path) -> None:
    folder = tmp_path / "t.trace"
    with write_trace(folder, records(4, lambda n: n == 1)) as trace:
        ids = trace.sql("select delivery_id from records order by source_at")[
            "delivery_id"
        ].to_list()
    replay_of(folder, "told", ids[:2], f"event of {gone(1)}")
    replay_of(folder, "other", ids[2:], "event of others")

    purged = purge(folder, Asked(where="field(body, '$.n') = '1'"), now=NOW)

    assert purged.runs == 1
    assert left_of(folder, [1]) == 0
    with open_trace(folder) as trace:
        outcomes = trace.sql(
            "select run_id, count(*), count(error_message) from outcomes group by 1 order by 1"
        ).rows()
        events = trace.sql("select run_id, event from invocations order by 1").rows()
    assert outcomes == [("other", 2, 2), ("told", 2, 0)]
    assert events == [("other", "event of others"), ("told", None)]
    assert verify(folder).problems == ()


def test_what_a_peek_did_to_a_purged_message_is_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "t.trace"
    messages = [sqs_message(number, seconds=number) for number in (1, 2)]
    effects = tuple(PeekEffect(m.record_id, instant(1), 1, None, instant(9)) for m in messages)
    writer = TraceWriter(folder, "capture", [], clock)
    told = page(*messages)
    writer.append_pages([(QUEUE, Page(told.records, told.checkpoint, peek_effects=effects))])
    writer.close()

    purge(folder, Asked(before=instant(1.5)), now=NOW)

    with open_trace(folder) as trace:
        assert trace.sql("select record_id from peek_effects")["record_id"].to_list() == [
            messages[1].record_id
        ]


def test_a_whole_source_goes_with_its_configuration(tmp_path: Path) -> None:
    folder = tmp_path / "t.trace"
    resources = [
        Resource(arn, "x", T0, f'{{"of": "{gone(n)}"}}') for n, arn in enumerate((QUEUE, STREAM))
    ]
    write_trace(folder, records(4, lambda n: False), resources).close()

    purge(folder, Asked(QUEUE, before=instant(2)), now=NOW)
    assert left_of(folder, [0, 1]) == 2
    purge(folder, Asked(QUEUE), now=NOW)

    assert left_of(folder, [0]) == 0
    assert left_of(folder, [1]) == 1


def test_the_audit_says_what_was_asked_and_nothing_of_whom(tmp_path: Path) -> None:
    folder = tmp_path / "t.trace"
    write_trace(folder, records(4, lambda n: False)).close()

    purge(folder, Asked(where="field(body, '$.text') = 'kept-00001-of-it'"), now=NOW)

    with open_trace(folder) as trace:
        [(done_at, action, detail)] = trace.sql("select done_at, action, detail from audit").rows()
    assert (done_at, action) == (NOW, "purge")
    assert json.loads(detail) == {
        "source_arn": None, "before": None, "where": True, "rows": 1, "segments": 1, "runs": 0, "erased": True,
    }  # fmt: skip
    assert b"kept-00001" not in readable(folder)


def test_a_capture_may_run_meanwhile(tmp_path: Path) -> None:
    folder = tmp_path / "t.trace"
    writer = TraceWriter(folder, "capture", [], clock)
    writer.hold(STREAM)
    writer.append_pages(
        [(STREAM, page(*(kinesis_record(n, {"text": gone(n)}, seconds=n) for n in (1, 2))))]
    )

    purge(folder, Asked(before=instant(10)), now=NOW)
    writer.append_pages(
        [(STREAM, page(kinesis_record(3, seconds=3), position="2", spans=[Span(T0, instant(3))]))]
    )
    writer.close()

    assert left_of(folder, [1, 2]) == 0
    assert verify(folder).problems == ()
    assert verify(folder).rows == 1


def test_a_reader_that_pinned_the_trace_before_is_told_to_refresh(tmp_path: Path) -> None:
    folder = tmp_path / "t.trace"
    write_trace(folder, records(4, lambda n: False)).close()
    with open_trace(folder) as trace:
        purge(folder, Asked(QUEUE), now=NOW)

        with pytest.raises(TraceError, match="refresh"):
            trace.sql("select * from records")
        assert trace.refresh().sql("select count(*) from records").item() == 2


def test_retention_is_kept_with_the_trace_and_sees_to_itself(tmp_path: Path) -> None:
    folder = tmp_path / "t.trace"
    assert apply_retention(folder, now=NOW) is None
    keep_for(folder, "7d", now=T0)
    writer = TraceWriter(folder, "capture", [], clock)
    writer.append_pages([(QUEUE, page(*records(10, lambda n: False)[::2]))])
    writer.close()

    assert apply_retention(folder, now=instant(5) + timedelta(days=7)).rows == 2  # type: ignore[union-attr]
    with open_trace(folder) as trace:
        assert trace.sql("select action from audit").item() == "retention"
    assert verify(folder).rows == 3


def test_without_retention_nothing_is_purged(tmp_path: Path) -> None:
    write_trace(tmp_path / "t.trace", records(4, lambda n: False)).close()

    assert apply_retention(tmp_path / "t.trace", now=NOW) is None
    with pytest.raises(UsageError):
        keep_for(tmp_path / "t.trace", "a week", now=NOW)


class Died(BaseException):
    """The process is no more."""


CALLS = ("open", "write", "fsync", "unlink")


def whole(folder: Path) -> bool:
    """The trace is as before the purge, or as after it."""
    verified = verify(folder)
    return verified.problems == () and verified.rows in (10, 20)


@pytest.mark.parametrize("call", CALLS)
def test_a_death_at_any_call_leaves_a_whole_trace_that_the_next_purge_erases(
    tmp_path: Path, call: str
) -> None:
    for number in itertools.count(1):
        folder = tmp_path / f"{number}.trace"
        write_trace(folder, records(20, lambda n: n <= 10)).close()
        made, calls = getattr(os, call), itertools.count(1)

        def dying(
            *arguments: Any,
            _made: Any = made,
            _calls: Any = calls,
            _last: int = number,
            **named: Any,
        ) -> Any:
            if next(_calls) == _last:
                raise Died
            return _made(*arguments, **named)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, call, dying)
            try:
                purge(folder, Asked(before=instant(10.5)), now=NOW)
                died = False
            except Died:
                died = True
        assert whole(folder)
        finish(folder, now=NOW)
        purge(folder, Asked(before=instant(10.5)), now=NOW + timedelta(hours=1))
        assert left_of(folder, range(1, 11)) == 0
        assert verify(folder).rows == 10
        if not died:
            assert number > 1
            return


KILLED = """
import sys
from pathlib import Path
from tests.workbench.trace.test_purge import NOW
from tests.factories import instant
from workbench.trace.purge import Asked, purge
print("started", flush=True)
purge(Path(sys.argv[1]), Asked(before=instant(10.5)), now=NOW)
"""


def test_a_purge_killed_at_a_random_instant_leaves_a_whole_trace(tmp_path: Path) -> None:
    chance = random.Random(1)
    for trial in range(3):
        folder = tmp_path / f"{trial}.trace"
        write_trace(folder, records(20, lambda n: n <= 10)).close()
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(folder)], cwd=REPOSITORY, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            try:
                process.wait(timeout=chance.uniform(0.0, 0.25))
            except subprocess.TimeoutExpired:
                process.kill()

        assert whole(folder)
        purge(folder, Asked(before=instant(10.5)), now=NOW)
        assert left_of(folder, range(1, 11)) == 0
        assert verify(folder).problems == ()
