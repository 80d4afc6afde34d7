"""The demo finds what it planted, and nothing else; it can be run again in the same folder."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workbench.demo.record import record_demo
from workbench.errors import WorkbenchError


@pytest.fixture(scope="module")
def document(demo_folder: Path) -> dict[str, Any]:
    return json.loads((demo_folder / "demo.json").read_text("utf-8"))


def test_every_planted_fault_is_found_and_nothing_that_was_not_planted(
    document: dict[str, Any],
) -> None:
    assert document["missed"] == []
    assert document["unplanted"] == []
    assert all(fault["found"] for fault in document["planted"])
    assert len({fault["kind"] for fault in document["planted"]}) == 7


def test_the_poison_message_fails_in_the_handler_and_passes_in_the_fixed_one(
    document: dict[str, Any],
) -> None:
    broken, fixed = (run["records"] for run in document["runs"])

    assert (broken["total"], broken["dead_lettered"]) == (1, 1)
    assert (fixed["total"], fixed["succeeded"]) == (1, 1)


def test_the_shard_plan_holds_every_second(document: dict[str, Any]) -> None:
    assert document["shards"]["current"]["shards"] == 4
    assert document["shards"]["uniform"]["over_limit_shard_seconds"] == 0


def test_info_and_find_of_the_demo_s_trace_give_json(demo_folder: Path) -> None:
    for command in ("info", "find"):
        ran = subprocess.run(
            [sys.executable, "-m", "workbench", command, str(demo_folder / "demo.trace"), "--json"],
            capture_output=True,
            check=True,
        )
        json.loads(ran.stdout)
        remarks = (b"not looked for", b"no whole number at")
        assert all(any(each in line for each in remarks) for line in ran.stderr.splitlines())


def test_the_tap_left_nothing_and_every_source_was_read_to_its_end(demo_folder: Path) -> None:
    from workbench.trace import open_trace

    with open_trace(demo_folder / "demo.trace") as trace:
        info = trace.info()

    assert {source["coverage"] for source in info["sources"]} == {"read"}
    assert len(info["sources"]) == 6


def test_the_demo_replaces_its_own_trace_and_never_another(
    demo_folder: Path, tmp_path: Path
) -> None:
    from tests.workbench.findings.traces import message, trace_of

    trace_of(tmp_path / "demo.trace", [message("m", 1)]).close()

    with pytest.raises(WorkbenchError, match="another trace"):
        record_demo(tmp_path, lambda line: None)


def test_the_demo_runs_again_where_it_ran_before(demo_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(demo_folder, tmp_path / "demo")

    trace, _ = record_demo(tmp_path / "demo", lambda line: None)

    assert trace == tmp_path / "demo" / "demo.trace"


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(WorkbenchError, match="cannot write"):
        record_demo(tmp_path / "file" / "demo", lambda line: None)
