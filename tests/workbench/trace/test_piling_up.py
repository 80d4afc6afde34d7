"""Segments that pile up in a capture are merged beside it."""

import os
import threading
from pathlib import Path

import pytest

from connectors.budget import Budgets
from tests.factories import clock
from tests.workbench.trace.scripted import ScriptedConnector
from workbench.trace import open_trace, piling_up
from workbench.trace.capture import capture
from workbench.trace.catalog import Catalog
from workbench.trace.limits import Clock, Limits
from workbench.trace.verify import verify

ARN = "arn:aws:kinesis:us-east-1:111111111111:stream/orders"


def read(folder: Path, records: int) -> None:
    connector = ScriptedConnector(ARN, {"shard": records}, {}, at_once=1)
    captured = capture(
        folder,
        [connector],
        limits=Limits(),
        clock=Clock(clock),
        budgets=Budgets(calls_per_second=100_000),
        stop=threading.Event(),
    )
    assert captured.complete


def segments(folder: Path, where: str) -> int:
    catalog = Catalog.open(folder)
    try:
        return int(
            catalog.one(f"select count(*) from segments where removed_in is null and {where}")
        )
    finally:
        catalog.close()


def test_a_capture_merges_what_piles_up_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(piling_up, "PILE", 20)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not for the compaction")
    given: list[dict[str, str]] = []
    started = piling_up.subprocess.Popen

    def noting(*arguments: object, **named: object) -> object:
        given.append(dict(named["env"]))  # type: ignore[call-overload]
        return started(*arguments, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(piling_up.subprocess, "Popen", noting)

    read(tmp_path / "t.trace", 60)

    assert segments(tmp_path / "t.trace", "facts is not null") >= 1
    assert segments(tmp_path / "t.trace", "true") < 60
    assert verify(tmp_path / "t.trace").problems == ()
    with open_trace(tmp_path / "t.trace") as trace:
        assert trace.sql("select count(*), count(distinct record_id) from records").row(0) == (
            60,
            60,
        )
    assert given
    assert not any(name.startswith("AWS_") for environment in given for name in environment)
    assert os.environ["AWS_SECRET_ACCESS_KEY"]


def test_a_few_segments_are_no_pile(tmp_path: Path) -> None:
    read(tmp_path / "t.trace", 40)

    assert segments(tmp_path / "t.trace", "facts is not null") == 0


def test_a_compaction_that_takes_long_is_ended_with_the_capture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(piling_up, "PILE", 20)
    monkeypatch.setattr(piling_up, "PATIENCE_S", 0.01)

    read(tmp_path / "t.trace", 60)

    assert verify(tmp_path / "t.trace").problems == ()
    assert verify(tmp_path / "t.trace").rows == 60
