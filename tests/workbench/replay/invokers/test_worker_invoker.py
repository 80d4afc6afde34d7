"""The worker: every way in which a handler can fail is an answer, and the next event goes on."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.workbench.replay.invokers.processes import FAULTS, REQUEST, answer, do, invoker_of
from workbench.errors import HandlerError

TIERS = ["A", "C"]


@pytest.fixture(params=TIERS)
def invoker(request, tmp_path):
    with invoker_of(tmp_path, tier=request.param, timeout_s=1) as invoker:
        yield invoker


def failure(invocation):
    return invocation.error_type, invocation.error_message


def test_a_worker_stays_warm(invoker):
    first, second = do(invoker, "count"), do(invoker, "count")
    assert (answer(first), answer(second)) == (1, 2)
    assert (first.cold, second.cold) == (True, False)
    assert second.duration_ms >= 0
    assert second.max_memory_bytes > 1_000_000


def test_an_exception_is_named_with_its_place_and_the_worker_lives(invoker):
    found = do(invoker, "raises")
    assert failure(found) == ("KeyError", "'order_id'")
    assert "faults.py" in found.stack_trace[-1]
    assert answer(do(invoker, "count")) == 2


@pytest.mark.parametrize(
    ("what", "ending"),
    [
        ("exits", "Runtime exited with error: exit status 4"),
        ("exits_quietly", "Runtime exited without providing a reason"),
        ("segfaults", "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_a_worker_that_ends_is_replaced_by_a_cold_one(invoker, what, ending):
    assert failure(do(invoker, what)) == (
        "Runtime.ExitError",
        f"RequestId: {REQUEST} Error: {ending}",
    )
    again = do(invoker, "count")
    assert (answer(again), again.cold) == (1, True)


def test_a_handler_that_closes_everything_is_an_exit(invoker):
    assert do(invoker, "closes_everything").error_type == "Runtime.ExitError"
    assert answer(do(invoker, "count")) == 1


def test_a_handler_over_its_time_is_killed(invoker):
    began = time.monotonic()
    found = do(invoker, "loops")
    assert failure(found) == ("Sandbox.Timedout", "Task timed out after 1.00 seconds")
    assert 0.9 < time.monotonic() - began < 30
    assert do(invoker, "count").cold


def test_a_value_that_is_no_json_is_a_marshal_error(invoker):
    assert failure(do(invoker, "returns_a_set")) == (
        "Runtime.MarshalError",
        "Unable to marshal response: Object of type set is not JSON serializable",
    )


def test_an_answer_over_lambdas_limit_is_too_large(invoker):
    assert do(invoker, "returns_too_much").error_type == "Function.ResponseSizeTooLarge"


def test_of_much_output_head_and_tail_are_kept(invoker):
    found = do(invoker, "prints")
    assert found.log.startswith("begin")
    assert found.log.endswith("end\n")
    assert len(found.log) < 330_000
    assert found.log_dropped_bytes + len(found.log) > 3_000_000
    assert do(invoker, "count").log == ""


def test_a_handler_that_writes_to_the_channel_forges_nothing(invoker):
    assert do(invoker, "forges").error_type in (None, "Runtime.ExitError")
    assert answer(do(invoker, "count")) in (1, 2)


def test_context_is_lambdas(invoker):
    seen = answer(do(invoker, "sees_context"))
    assert 0 < seen.pop("left") <= 1_000
    assert seen == {
        "aws_request_id": REQUEST,
        "function_name": "faults",
        "function_version": "$LATEST",
        "memory_limit_in_mb": "512",
        "invoked_function_arn": "arn:aws:lambda:eu-west-1:111111111111:function:faults",
        "log_group_name": "/aws/lambda/faults",
        "log_stream_name": "replay",
        "client_context": None,
        "tenant_id": None,
        "who": None,
    }


def test_a_handler_that_kills_all_it_can_reach_leaves_us_alive(tmp_path):
    with invoker_of(tmp_path) as invoker:
        do(invoker, "kills_everything")
        assert answer(do(invoker, "count")) in (1, 2)


def test_nothing_is_left_running(tmp_path, own_sleepers):
    seconds = "86399.731"
    with invoker_of(tmp_path) as invoker:
        answer(do(invoker, "leaves_a_child", seconds=seconds))
        assert comes_true(lambda: own_sleepers(seconds))
    assert comes_true(lambda: not own_sleepers(seconds))


def comes_true(condition):
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


@pytest.fixture
def own_sleepers():
    def find(seconds):
        found = []
        for line in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = line.read_bytes().split(b"\0")
            except OSError:
                continue
            if words[:2] == [b"sleep", seconds.encode()]:
                found.append(int(line.parent.name))
        return found

    yield find
    for pid in find("86399.731"):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("source", "spec", "found"),
    [
        ("def handle(e, c): pass", "missing.py:handle", "no file"),
        ("def handle(e, c): pass", "nonsense", "file.py:function or module:function"),
        ("def handle(e, c): pass", "no_such_module:handle", "no module no_such_module"),
        ("def handle(e, c): pass", "faults.py:handel", "no function handel in faults; there are handle"),
        ("handle = 3", "faults.py:handle", "handle in faults is int, not callable"),
        ("\n\ndef handle(:\n", "faults.py:handle", "a syntax error in line 3 of faults.py"),
        ("\nimport no_such_thing", "faults.py:handle", "ModuleNotFoundError at import in line 2 of faults.py"),
        ("raise RuntimeError('two\\nlines')", "faults.py:handle", "RuntimeError at import in line 1"),
        ("import os; os._exit(3)", "faults.py:handle", "exit status 3"),
        ("import sys; sys.exit(3)", "faults.py:handle", "SystemExit at import"),
    ],
)  # fmt: skip
def test_a_handler_that_does_not_load_is_told_in_one_line(tmp_path, source, spec, found):
    with pytest.raises(HandlerError) as refused, invoker_of(tmp_path, source, spec=spec, tier="C"):
        pass
    assert found in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_handler_that_no_longer_loads_is_an_answer(tmp_path):
    source = """
import os, pathlib
marker = pathlib.Path(os.environ["TMPDIR"], "was here")
if marker.exists(): raise RuntimeError("only once")
marker.touch()
def handle(event, context): os._exit(1)
"""
    with invoker_of(tmp_path, source, tier="C") as invoker:
        assert do(invoker, "x").error_type == "Runtime.ExitError"
        assert do(invoker, "x").error_type == "Runtime.ImportModuleError"


def test_a_module_is_found_from_the_working_directory(tmp_path):
    with invoker_of(tmp_path, FAULTS, spec="faults:handle", tier="C") as invoker:
        assert answer(do(invoker, "count")) == 1


def test_a_file_named_like_one_of_pythons_modules_is_refused(tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "json.py").touch()
    with pytest.raises(HandlerError, match="rename"), invoker_of(tmp_path, spec="json.py:handle"):
        pass
