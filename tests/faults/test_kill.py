"""kill -9 of a capture at random instants: nothing lost, nothing twice, no position ahead of its data."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.faults.scripted_capture import SHARDS
from workbench.trace import open_trace
from workbench.trace.verify import verify

RECORDS = 1_400


def start(trace: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.faults.scripted_capture", str(trace), str(RECORDS)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)


def stored(trace: Path) -> dict[str, list[int]]:
    with open_trace(trace) as opened:
        rows = opened.sql(
            "select partition_id, sequence_number::int from records order by delivery_id"
        )
    return {shard: [number for at, number in rows.iter_rows() if at == shard] for shard in SHARDS}


def kill_and_resume(trace: Path, kills: int, seed: int) -> list[int]:
    chance, progress = random.Random(seed), []
    for _ in range(kills):
        with start(trace) as process:
            assert process.stdout is not None
            process.stdout.readline()
            try:
                process.wait(timeout=chance.uniform(0.0, 0.5))
            except subprocess.TimeoutExpired:
                process.kill()
        if (trace / "catalog.sqlite").exists():
            assert verify(trace).problems == ()
            found = stored(trace)
            assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in found.values())
            progress.append(sum(map(len, found.values())))
    with start(trace) as process:
        assert process.wait(timeout=120) == 0
    return progress


def holds_everything_once(trace: Path) -> bool:
    return stored(trace) == {shard: list(range(1, RECORDS + 1)) for shard in SHARDS}


def test_a_capture_killed_now_and_then_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    kill_and_resume(tmp_path / "t.trace", kills=4, seed=1)

    assert holds_everything_once(tmp_path / "t.trace")
    assert verify(tmp_path / "t.trace").problems == ()


@pytest.mark.kill
def test_a_capture_killed_at_fifty_random_instants_loses_nothing_and_repeats_nothing(
    tmp_path: Path,
) -> None:
    killed = lasted = 0
    for trial in range(10):
        progress = kill_and_resume(tmp_path / f"{trial}.trace", kills=5, seed=trial)
        killed += 5
        lasted += sum(0 < records < RECORDS * len(SHARDS) for records in progress)
        assert holds_everything_once(tmp_path / f"{trial}.trace")

    print(f"{killed} kills, {lasted} of them with the trace partly written: 0 lost, 0 twice")
    assert lasted >= killed // 2
