"""A disk that is full or broken at any moment: one line, nothing torn, and the next capture goes on from there."""

import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY, missing
from tests.faults.filling import RECORDS, capture, fails_in_one_line, is_whole, stored
from workbench.trace.verify import verify

ALL = list(range(1, RECORDS + 1))
CALLS = ("open", "write", "fsync", "mkdir", "link")
"""Calls of the operating system that need room on the disk; SQLite's own are limited by the size of its files."""


class Disk:
    """Counts the calls of one function, and fails some of them."""

    def __init__(self, call: Callable[..., Any], failing: range, error: int) -> None:
        self._call, self._failing, self._error = call, failing, error
        self.calls = 0

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Make the call, or fail as a full or broken disk does."""
        self.calls += 1
        if self.calls in self._failing:
            raise OSError(self._error, os.strerror(self._error))
        return self._call(*arguments, **named)


@contextmanager
def disk(call: str, failing: range, error: int = errno.ENOSPC) -> Iterator[Disk]:
    with pytest.MonkeyPatch.context() as patch:
        counting = Disk(getattr(os, call), failing, error)
        patch.setattr(os, call, counting)
        yield counting


@contextmanager
def files_up_to(size_bytes: int) -> Iterator[None]:
    """No file may grow beyond so much: also those that SQLite writes in its own way."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def goes_on(folder: Path) -> None:
    """What was committed is whole, and one more capture completes it."""
    assert is_whole(folder), stored(folder)
    capture(folder)
    assert stored(folder) == ALL
    assert verify(folder).problems == ()
    assert list(folder.rglob("*.tmp")) == []


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO], ids=errno.errorcode.get)
@pytest.mark.parametrize("call", CALLS)
def test_a_failure_at_any_one_call_tears_nothing(tmp_path: Path, call: str, error: int) -> None:
    with disk(call, range(0)) as undisturbed:
        capture(tmp_path / "whole.trace")
    assert undisturbed.calls > 0

    for number in range(1, undisturbed.calls + 1):
        folder = tmp_path / f"{number}.trace"
        with disk(call, range(number, number + 1), error):
            failed = fails_in_one_line(folder)

        assert failed, f"{call} number {number} failed and nobody said so"
        goes_on(folder)


@pytest.mark.parametrize("call", CALLS)
def test_a_disk_that_stays_full_from_any_call_on_tears_nothing(tmp_path: Path, call: str) -> None:
    with disk(call, range(0)) as undisturbed:
        capture(tmp_path / "whole.trace")

    for number in range(1, undisturbed.calls + 1):
        folder = tmp_path / f"{number}.trace"
        with disk(call, range(number, sys.maxsize)):
            assert fails_in_one_line(folder)
            assert is_whole(folder), "also while the disk is still full"

        goes_on(folder)


def test_a_catalog_that_cannot_grow_at_any_size_tears_nothing(tmp_path: Path) -> None:
    size_bytes = failures = 0
    while True:
        folder = tmp_path / f"{size_bytes}.trace"
        with files_up_to(size_bytes):
            if not fails_in_one_line(folder):
                break
        failures += 1
        goes_on(folder)
        size_bytes += 8_000

    assert failures > 5
    assert stored(folder) == ALL


def test_a_real_small_disk_that_is_full_at_any_amount_tears_nothing(tmp_path: Path) -> None:
    if shutil.which("unshare") is None:
        missing("no unshare to mount a small disk with")
    mount = f"mount -t tmpfs -o size=1m tmpfs {tmp_path}"
    apart = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run([*apart, mount], capture_output=True, check=False).returncode:
        missing("this system lets nobody mount a small disk of his own")
    run = f"{mount} && exec {sys.executable} -m tests.faults.filling {tmp_path}"

    filled = subprocess.run(
        [*apart, run], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )

    assert filled.returncode == 0, filled.stderr
    assert int(filled.stdout) > 10
