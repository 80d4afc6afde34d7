"""Two reading processes beside a writing one: no errors, and counts that never go back."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY

READER = """
import sys, time
from pathlib import Path
from workbench.trace import open_trace
trace, enough = Path(sys.argv[1]), int(sys.argv[2])
while not (trace / "catalog.sqlite").exists():
    time.sleep(0.01)
time.sleep(0.1)
last = reads = 0
with open_trace(trace) as opened:
    deadline = time.monotonic() + 60
    while last < enough and time.monotonic() < deadline:
        count, distinct = opened.refresh().sql("select count(*), count(distinct record_id) from records").row(0)
        assert count == distinct, (count, distinct)
        assert count >= last, (count, last)
        last, reads = count, reads + 1
print(last, reads)
"""
RECORDS = 700


def test_two_readers_and_a_writer_get_along(tmp_path: Path) -> None:
    trace = tmp_path / "t.trace"
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.scripted_capture", str(trace), str(RECORDS)],
        cwd=REPOSITORY,
    )
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(trace), str(3 * RECORDS)],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]

    answers = [reader.communicate(timeout=90) for reader in readers]

    assert writer.wait(timeout=60) == 0
    for out, err in answers:
        assert err == ""
        last, reads = map(int, out.split())
        assert last == 3 * RECORDS
        assert reads > 1  # it was there while the trace grew; how often depends on the machine
