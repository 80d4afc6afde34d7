"""The clock at event time: every runtime sees the instant of its batch, and time goes on from there."""

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.factories import T0
from tests.workbench.replay.invokers.batches import REQUEST, whole
from tests.workbench.replay.invokers.processes import answer, invoker_of
from workbench.errors import UsageError
from workbench.replay.invokers import event_clock
from workbench.replay.invokers.event_clock import EventClock

pytest.importorskip("libfaketime")
PYTHON = """
import datetime, subprocess, time
def handle(event, context):
    return {"time": time.time(), "now": datetime.datetime.now(datetime.timezone.utc).timestamp(),
            "child": float(subprocess.check_output(["date", "+%s.%N"])), "left": context.get_remaining_time_in_millis()}
"""
NODE = """
export const handler = async (event, context) =>
  ({ time: Date.now() / 1000, now: new Date().getTime() / 1000, left: context.getRemainingTimeInMillis() });
"""


def at(seconds):
    return replace(whole("{}"), at=T0 + timedelta(seconds=seconds))


def seen(invoker, seconds):
    """What of the clock is off, in seconds, and how much time is left."""
    found = answer(invoker.invoke(at(seconds), REQUEST))
    left = found.pop("left")
    return {each - T0.timestamp() - seconds for each in found.values()}, left


@pytest.mark.parametrize("runtime", ["python", "node"])
def test_a_handler_sees_the_instant_of_its_batch(tmp_path, runtime):
    spec = "faults.py:handle"
    if runtime == "node":
        if shutil.which("node") is None:
            pytest.skip("no node here")
        (tmp_path / "code").mkdir()
        (tmp_path / "code" / "index.mjs").write_text(NODE)
        spec = "index.mjs:handler"
    with invoker_of(tmp_path, PYTHON, spec=spec, event_clock=True) as invoker:
        for seconds in (0.25, 86_400, 3):
            off, left = seen(invoker, seconds)
            assert min(off) >= -0.001
            assert max(off) < 5, "only what passed meanwhile"
            assert 0 < left <= 5_000


def test_a_module_is_loaded_at_the_instant_of_its_batch_where_it_is_loaded_for_one(tmp_path):
    source = "import time\nloaded = time.time()\ndef handle(event, context): return loaded"
    with invoker_of(tmp_path, source, event_clock=True, cold=True, tier="C") as invoker:
        invoker.invoke(at(0), REQUEST)
        assert 0 <= answer(invoker.invoke(at(500), REQUEST)) - T0.timestamp() - 500 < 10


def test_environments_have_clocks_of_their_own(tmp_path):
    clock = EventClock(tmp_path)
    one, other = clock.face(), clock.face()
    one.set(T0)
    assert one.file.read_text() != other.file.read_text()


def test_a_clock_is_never_seen_half_set(tmp_path):
    face = EventClock(tmp_path).face()
    sizes = {face.file.stat().st_size}
    for days in (-40_000, 0, 3, 40_000):
        face.set(T0 + timedelta(days=days))
        sizes.add(face.file.stat().st_size)
    assert len(sizes) == 1


def test_where_it_is_missing_there_is_advice(tmp_path, monkeypatch):
    monkeypatch.setattr(event_clock, "_LIBRARY", "missing")
    with pytest.raises(UsageError, match="clock"):
        EventClock(tmp_path)
