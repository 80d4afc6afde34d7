"""What DuckDB may use of the machine, and what a person reads when it is not enough."""

import stat
import tempfile
from pathlib import Path

import pytest

from tests.factories import clock
from workbench.errors import TraceError, UsageError
from workbench.trace import Trace, TraceWriter, engine, open_trace
from workbench.trace.engine import MEMORY_LIMIT, MOST_BYTES, THREADS, memory_limit

WIDE = (
    "select * from (select i, repeat(i::varchar, 20) as text from range(3_000_000) t(i))"
    " order by text, i desc limit 1 offset 2_000_000"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    spill = tmp_path / "spill"
    spill.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spill))
    TraceWriter(tmp_path / "t.trace", "import", [], clock).close()
    return tmp_path / "t.trace"


def setting(trace: Trace, name: str) -> object:
    return trace.sql("select current_setting($name)", name=name).item()


def test_memory_is_bounded_and_a_person_can_set_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert int(memory_limit().removesuffix("MB")) <= MOST_BYTES // 1_000_000
    monkeypatch.setenv(MEMORY_LIMIT, "512MiB")
    monkeypatch.setenv(THREADS, "1")

    with open_trace(folder) as trace:
        assert (setting(trace, "memory_limit"), setting(trace, "threads")) == ("512.0 MiB", 1)


def test_a_small_container_is_left_half_of_its_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(engine, "CONTAINER_LIMIT", limit)
    unlimited = memory_limit()

    limit.write_text("1000000000\n")
    assert memory_limit() == "500MB"
    limit.write_text("max\n")
    assert memory_limit() == unlimited


@pytest.mark.parametrize(("name", "value"), [(MEMORY_LIMIT, "much"), (THREADS, "some")])
def test_a_limit_that_is_none_is_refused_in_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(UsageError, match=r"wanted WORKBENCH_MEMORY_LIMIT such as 2GB") as raised:
        open_trace(folder)
    assert "\n" not in str(raised.value)
    assert list((folder.parent / "spill").iterdir()) == []


def test_what_does_not_fit_goes_through_a_private_folder_that_is_gone_afterwards(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MEMORY_LIMIT, "100MB")
    with open_trace(folder) as trace:
        assert trace.sql(WIDE).height == 1
        (spill,) = (folder.parent / "spill").iterdir()

        assert stat.S_IMODE(spill.stat().st_mode) == 0o700
        assert setting(trace, "temp_directory") == str(spill)
    assert list((folder.parent / "spill").iterdir()) == []


def test_a_full_disk_beside_too_little_memory_is_said_in_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MEMORY_LIMIT, "100MB")
    with open_trace(folder) as trace:
        trace.run(["set global max_temp_directory_size = '1MB'"])

        with pytest.raises(TraceError, match=r"wanted room for intermediate rows") as raised:
            trace.sql(WIDE)
    assert "\n" not in str(raised.value)


def test_memory_that_cannot_suffice_is_said_in_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MEMORY_LIMIT, "20MB")
    with (
        open_trace(folder) as trace,
        pytest.raises(TraceError, match="WORKBENCH_MEMORY_LIMIT"),
    ):
        trace.sql("select list(i order by i desc) from range(50_000_000) t(i)")
