"""A tail's own trace is private, can be taken away for a day, and is removed after that unless it is in use."""

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from workbench.tail.keeping import KEPT, PREFIX, remove, temporary_trace

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)


def left_behind(root: Path, name: str, age: timedelta) -> Path:
    folder = root / f"{PREFIX}{name}"
    (folder / "tail.trace").mkdir(parents=True)
    at = (NOW - age).timestamp()
    os.utime(folder, (at, at))
    return folder


def test_only_its_user_can_enter_the_folder(tmp_path: Path) -> None:
    with temporary_trace(NOW, tmp_path) as trace:
        assert stat.S_IMODE(trace.parent.stat().st_mode) == 0o700
        assert trace.parent.parent == tmp_path


def test_a_trace_stays_and_without_one_nothing_does(tmp_path: Path) -> None:
    with temporary_trace(NOW, tmp_path) as trace:
        trace.mkdir()
    with temporary_trace(NOW, tmp_path):
        pass

    assert [folder / "tail.trace" for folder in tmp_path.iterdir()] == [trace]


def test_a_trace_that_is_removed_takes_its_folder_along(tmp_path: Path) -> None:
    with temporary_trace(NOW, tmp_path) as trace:
        trace.mkdir()
        remove(trace)

    assert list(tmp_path.iterdir()) == []


def test_what_is_older_than_a_day_goes_and_nothing_else(tmp_path: Path) -> None:
    old = left_behind(tmp_path, "old", KEPT + timedelta(seconds=1))
    young = left_behind(tmp_path, "young", KEPT - timedelta(seconds=1))
    other = tmp_path / "somebody-elses"
    other.mkdir()
    os.utime(other, (0, 0))

    with temporary_trace(NOW, tmp_path):
        assert (old.exists(), young.exists(), other.exists()) == (False, True, True)


def test_the_trace_of_a_tail_that_has_run_for_more_than_a_day_is_left_alone(tmp_path: Path) -> None:
    with temporary_trace(NOW, tmp_path) as running:
        running.mkdir()
        long_ago = (NOW - 2 * KEPT).timestamp()
        os.utime(running.parent, (long_ago, long_ago))
        with temporary_trace(NOW, tmp_path):
            assert running.exists()


def test_a_link_that_somebody_has_put_there_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    (precious / "tail.trace").mkdir(parents=True)
    os.utime(precious, (0, 0))
    (tmp_path / f"{PREFIX}link").symlink_to(precious)

    with temporary_trace(NOW, tmp_path):
        pass

    assert (precious / "tail.trace").exists()
