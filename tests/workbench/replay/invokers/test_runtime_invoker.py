"""The invoker: every way in which a handler can fail is an answer, and the next event goes on."""

import json
import os
import signal
import time
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.workbench.replay.invokers.batches import REQUEST, whole
from tests.workbench.replay.invokers.processes import FAULTS, answer, do, invoker_of
from workbench.errors import HandlerError

TIERS = ["A", "own client"]


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory):
    """An environment without Lambda's client, and with a package of its own."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(folder, symlinks=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "only_there.py").write_text("here = 'yes'")
    return str(folder)


@pytest.fixture(params=TIERS)
def invoker(request, tmp_path, bare_python):
    """Lambda's own client, and ours where that is not installed."""
    tier, python = ("C", bare_python) if request.param == "own client" else ("A", None)
    with invoker_of(tmp_path, tier=tier, python=python, timeout_s=1) as invoker:
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


def test_a_handler_that_closes_everything_ends_or_connects_anew(invoker):
    assert do(invoker, "closes_everything").error_type in (None, "Runtime.ExitError")
    assert answer(do(invoker, "count")) in (1, 2)


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
        # The kernel ends what is inside when it gets round to it; until then calls still meet what is dying.
        assert comes_true(lambda: do(invoker, "count").error_type is None)


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
        ("def handle(e, c): pass", "nonsense", "file.py:function, module:function"),
        ("def handle(e, c): pass", "no_such_module:handle", "No module named 'no_such_module'"),
        ("def handle(e, c): pass", "faults.py:handel", "'handel' missing on module 'faults'; there are handle;"),
        ("\n\ndef handle(:\n", "faults.py:handle", "Runtime.UserCodeSyntaxError in line 3 of faults.py: Syntax"),
        ("\nimport no_such_thing", "faults.py:handle", "import module 'faults': No module named 'no_such_thing'"),
        ("raise RuntimeError('two\\nlines')", "faults.py:handle", "RuntimeError in line 1 of faults.py: two lines;"),
        ("import os; os._exit(3)", "faults.py:handle", "exit status 3"),
        ("import sys; sys.exit(3)", "faults.py:handle", "Runtime exited with error: exit status 3"),
    ],
)  # fmt: skip
def test_a_handler_that_does_not_load_is_told_in_one_line(tmp_path, source, spec, found):
    with pytest.raises(HandlerError) as refused, invoker_of(tmp_path, source, spec=spec, tier="C"):
        pass
    assert str(refused.value).startswith("wanted")
    assert found in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_handler_that_no_longer_loads_is_an_answer(tmp_path):
    source = f"""
import os, pathlib
marker = pathlib.Path({str(tmp_path)!r}, "was here")
if marker.exists(): raise RuntimeError("only once")
marker.touch()
def handle(event, context): os._exit(1)
"""
    with invoker_of(tmp_path, source, tier="C") as invoker:
        assert do(invoker, "x").error_type == "Runtime.ExitError"
        found = do(invoker, "x")
        assert failure(found) == ("RuntimeError", "only once")
        assert found.cold


def test_a_module_is_found_from_the_working_directory(tmp_path):
    with invoker_of(tmp_path, FAULTS, spec="faults:handle", tier="C") as invoker:
        assert answer(do(invoker, "count")) == 1


def test_a_file_named_like_one_of_pythons_modules_is_refused(tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "json.py").touch()
    with pytest.raises(HandlerError, match="rename"), invoker_of(tmp_path, spec="json.py:handle"):
        pass


def test_a_handler_that_is_nothing_to_call_fails_each_event(tmp_path):
    with invoker_of(tmp_path, "handle = 3", tier="C") as invoker:
        assert failure(do(invoker, "x")) == ("TypeError", "'int' object is not callable")


def test_an_initialisation_that_fails_once_is_run_once_more_as_in_lambda(tmp_path):
    source = """
import os, pathlib, sys
marker = pathlib.Path("was here")
if not marker.exists():
    marker.touch()
    os._exit(1)
def handle(event, context): return "up"
"""
    with invoker_of(tmp_path, source, tier="C") as invoker:
        assert answer(do(invoker, "x")) == "up"


def test_an_initialisation_over_its_time_is_told(tmp_path):
    source = "import time\ntime.sleep(60)"
    refused = pytest.raises(HandlerError, match=r"timed out after 0\.50 seconds")
    with refused, invoker_of(tmp_path, source, tier="C", timeout_s=0.5, init_timeout_s=0.2):
        pass


def test_who_uses_more_memory_than_the_function_has_is_killed(tmp_path):
    with invoker_of(tmp_path, memory_size_mb=128) as invoker:
        found = do(invoker, "allocates", bytes=200_000_000)
        assert found.error_type == "Runtime.OutOfMemory"
        assert found.error_message.endswith("Runtime exited with error: signal: killed")
        assert found.max_memory_bytes > 128 * 1024 * 1024
        assert answer(do(invoker, "count")) == 1


def test_what_was_printed_before_the_end_is_kept(invoker):
    assert "last words" in do(invoker, "prints_and_exits").log
    assert "KeyError: 'order_id'" in do(invoker, "raises").log


def test_cold_means_a_new_environment_for_each_event(tmp_path):
    with invoker_of(tmp_path, tier="C", cold=True) as invoker:
        found = [do(invoker, "count") for _ in range(3)]
    assert [answer(each) for each in found] == [1, 1, 1]
    assert all(each.cold and each.init_ms > 1 for each in found)


def test_environments_work_at_the_same_time_and_are_no_more_than_wanted(tmp_path):
    with invoker_of(tmp_path, tier="C", parallel=3) as invoker, ThreadPoolExecutor(9) as threads:
        asked = [threads.submit(do, invoker, "sleeps", seconds=0.1) for _ in range(9)]
        found = [each.result() for each in asked]
    assert len({answer(each) for each in found}) == 3
    assert sum(each.cold for each in found) == 3


def test_an_event_that_is_no_json_is_an_unmarshal_error(invoker):
    assert invoker.invoke(whole("{"), REQUEST).error_type == "Runtime.UnmarshalError"
    assert answer(do(invoker, "count")) == 1


def test_a_handler_of_another_interpreter_has_that_ones_packages(tmp_path, bare_python):
    source = "import only_there\ndef handle(event, context): return only_there.here"
    with invoker_of(tmp_path, source, python=bare_python) as invoker:
        assert answer(do(invoker, "x")) == "yes"


@pytest.mark.parametrize("event_json", ['{"a": "\u00e9\U0001f600"}', "[]", "1.50", '"x"', "null"])
def test_an_event_arrives_as_it_was_given(invoker, event_json):
    event = json.loads(event_json)
    assert answer(do(invoker, "echo", event=event)) == event


def test_to_close_it_ends_what_it_is_at_from_any_thread(tmp_path):
    with invoker_of(tmp_path, tier="C", timeout_s=60) as invoker, ThreadPoolExecutor(1) as threads:
        answer(do(invoker, "count"))
        asked = threads.submit(do, invoker, "loops")
        time.sleep(0.1)
        invoker.close()
        assert asked.result(10).error_type == "Runtime.ExitError"
        assert do(invoker, "count").error_type == "Runtime.ExitError", "it begins nothing any more"


def test_a_time_is_over_also_where_the_answer_has_come_but_the_program_goes_on(tmp_path):
    source = """
import os, threading, time
def handle(event, context):
    from awslambdaric import lambda_runtime_client
    real = lambda_runtime_client.BaseLambdaRuntimeClient.wait_next_invocation
    def late(self): time.sleep(60)
    lambda_runtime_client.BaseLambdaRuntimeClient.wait_next_invocation = late
"""
    with invoker_of(tmp_path, source, tier="C", timeout_s=1) as invoker:
        assert do(invoker, "x").error_type == "Sandbox.Timedout"
