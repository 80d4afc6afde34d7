"""Fakes in one process, asked from another."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from connectors.access import call
from connectors.errors import ThrottledError
from connectors.record import Mode
from tests.conftest import REPOSITORY
from tests.scripted_aws.clock import START, VirtualClock
from tests.scripted_aws.faults import aws_error
from tests.scripted_aws.serving import ServedAccess, ServedAws

ASK = """
import sys
from pathlib import Path
from connectors.record import Mode
from tests.scripted_aws.serving import ServedAccess
print(ServedAccess(Path(sys.argv[1])).client("kinesis", Mode.OBSERVE).list_shards(StreamARN="s"))
"""


class Fake:
    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock

    def list_shards(self, **asked: Any) -> dict[str, Any]:
        return {
            "Shards": [],
            "asked": asked,
            "StreamCreationTimestamp": self.clock.now(),
            "Data": b"\xff",
        }

    def get_records(self, **asked: Any) -> dict[str, Any]:
        raise aws_error("ProvisionedThroughputExceededException")


def test_an_answer_comes_back_as_boto3_gives_it_and_at_the_time_that_runs(tmp_path: Path) -> None:
    clock = VirtualClock()
    with ServedAws({"kinesis": Fake(clock)}, clock, tmp_path / "aws", speed=1_000) as served:
        first, second = (
            ServedAccess(tmp_path / "aws")
            .client("kinesis", Mode.OBSERVE)
            .list_shards(StreamARN="s")
            for _ in range(2)
        )

    assert (first["asked"], first["Data"]) == ({"StreamARN": "s"}, b"\xff")
    assert START < first["StreamCreationTimestamp"] < second["StreamCreationTimestamp"]
    assert served.calls == 2


def test_an_error_is_raised_where_it_was_asked_for(tmp_path: Path) -> None:
    clock = VirtualClock()
    with ServedAws({"kinesis": Fake(clock)}, clock, tmp_path / "aws"):
        client = ServedAccess(tmp_path / "aws").client("kinesis", Mode.OBSERVE)
        with pytest.raises(ThrottledError):
            call("records", client.get_records, ShardIterator="i")


def test_another_process_may_ask(tmp_path: Path) -> None:
    clock = VirtualClock()
    with ServedAws({"kinesis": Fake(clock)}, clock, tmp_path / "aws"):
        asked = subprocess.run(
            [sys.executable, "-c", ASK, str(tmp_path / "aws")],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )

    assert "'asked': {'StreamARN': 's'}" in asked.stdout, asked.stderr
