"""A trace that was changed, cut or got ahead of itself is found out; a whole one is called whole."""

import sqlite3
from pathlib import Path

import pytest

from tests.workbench.findings.traces import put, trace_of
from workbench.errors import TraceError
from workbench.trace.seal import add_functions
from workbench.trace.verify import verify


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    folder = tmp_path / "t.trace"
    trace_of(folder, [put(n, "k", {"n": n}, n) for n in range(20)]).close()
    return folder


def segment(trace: Path) -> Path:
    (file,) = (trace / "segments").rglob("*.parquet")
    return file


def test_a_whole_trace_is_whole(trace: Path) -> None:
    verified = verify(trace)

    assert verified.problems == ()
    assert (verified.segments, verified.rows) == (1, 20)


@pytest.mark.parametrize("place", [0, 100, -1])
def test_a_single_flipped_bit_is_found(trace: Path, place: int) -> None:
    content = bytearray(segment(trace).read_bytes())
    content[place] ^= 1
    segment(trace).write_bytes(content)

    assert "sha256" in verify(trace).problems[0]


def test_a_segment_that_was_cut_is_found(trace: Path) -> None:
    segment(trace).write_bytes(segment(trace).read_bytes()[:-10])

    assert len(verify(trace).problems) == 1


def test_a_missing_segment_is_found(trace: Path) -> None:
    segment(trace).unlink()

    assert "no readable file" in verify(trace).problems[0]


def test_a_position_ahead_of_its_data_is_found(trace: Path) -> None:
    with sqlite3.connect(trace / "catalog.sqlite") as catalog:
        add_functions(catalog)
        catalog.execute("update checkpoints set last_sequence_number = '99999'")
    catalog.close()

    assert "ahead of the stored data" in verify(trace).problems[0]


def test_what_a_crash_left_behind_is_harmless(trace: Path) -> None:
    (segment(trace).parent / "torn.parquet.tmp").write_bytes(b"half a file")

    verified = verify(trace)

    assert (verified.problems, verified.orphans) == ((), 1)


def test_a_damaged_catalog_is_said_in_one_line(trace: Path) -> None:
    (trace / "catalog.sqlite").write_bytes(b"no database at all" * 1_000)

    with pytest.raises(TraceError, match=r"catalog\.sqlite"):
        verify(trace)
