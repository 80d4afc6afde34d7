"""The zoo: whatever a handler does is told as Lambda tells it, the next event runs, and nothing is left behind."""

import os
import tempfile
import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.workbench.replay.invokers.processes import answer, do, invoker_of
from tests.workbench.replay.isolation.sandboxed import comes_true
from workbench.errors import HandlerError
from workbench.replay.isolation.processes import tree

SOURCE = Path(__file__).with_name("faults.py").read_text()
EXIT, TIMEOUT, MEMORY = "Runtime.ExitError", "Sandbox.Timedout", "Runtime.OutOfMemory"
KILLED = "signal: killed"
FAULTS: dict[str, tuple[set[str | None], str, bool]] = {
    # fault: what it is told as, what the message or the answer has in it, whether the environment is kept
    "raises": ({"KeyError"}, "order_id", True),
    "recurses": ({"RecursionError"}, "maximum recursion depth", True),
    "raises_system_exit": ({EXIT}, "exit status 4", False),
    "exits": ({EXIT}, "exit status 3", False),
    "exits_with_zero": ({EXIT}, "without providing a reason", False),
    "aborts": ({EXIT}, "signal: aborted", False),
    "reads_address_zero": ({EXIT}, "signal: segmentation fault", False),
    "recurses_in_c": ({EXIT}, "signal: segmentation fault", False),
    "terminates_itself": ({EXIT}, "signal: terminated", False),
    "interrupts_itself": ({EXIT, "KeyboardInterrupt"}, "", False),
    "raises_a_bad_exception": ({EXIT, "Unfit", "RuntimeError"}, "", False),
    "returns_a_set": ({"Runtime.MarshalError"}, "not JSON serializable", True),
    "returns_too_much": ({"Function.ResponseSizeTooLarge"}, "6291556", True),
    "returns_nan": ({None}, "NaN", True),
    "hangs": ({TIMEOUT}, "Task timed out after 1.00 seconds", False),
    "hangs_in_c": ({TIMEOUT}, "Task timed out after 1.00 seconds", False),
    "ignores_signals": ({TIMEOUT}, "Task timed out after 1.00 seconds", False),
    "stops_itself": ({TIMEOUT}, "Task timed out after 1.00 seconds", False),
    "closes_all_descriptors": ({TIMEOUT, EXIT}, "", False),
    "takes_too_much_memory": ({MEMORY}, KILLED, False),
    "takes_too_much_memory_in_children": ({MEMORY}, KILLED, False),
    "swallows_memory_errors": ({MEMORY}, KILLED, False),
    "forks_and_forks": ({MEMORY, EXIT, TIMEOUT}, "", False),
    "starts_many_threads": ({None, "RuntimeError", MEMORY}, "", True),
    "opens_too_many_files": ({"OSError"}, "Too many open files", True),
    "fills_the_disk": ({"OSError"}, "", True),
    "floods": ({None}, "flooded", True),
    "closes_output": ({None}, "quiet", True),
    "writes_to_all_descriptors": ({None, EXIT}, "", True),
    "kills_its_parent": ({EXIT, "PermissionError"}, "", False),
    "stops_its_parent": ({None, "PermissionError"}, "", True),
    "kills_everything": ({None, EXIT, "PermissionError", "ProcessLookupError"}, "", True),
    "leaves_a_child": ({None}, "left", True),
    "leaves_a_daemon": ({None}, "left", True),
}
SLOW = {
    "takes_too_much_memory",
    "takes_too_much_memory_in_children",
    "swallows_memory_errors",
    "floods",
}
SLOW |= {"forks_and_forks", "starts_many_threads", "kills_its_parent", "kills_everything"}


@pytest.mark.parametrize("tier", ["A", "B"])
def test_every_fault_is_told_the_next_event_runs_and_nothing_is_left(tmp_path, tier):
    before = _left()
    told, wrong = Counter[str](), {}
    for timeout_s, names in ((1, FAULTS.keys() - SLOW), (20, FAULTS.keys() & SLOW)):
        with invoker_of(
            tmp_path, SOURCE, tier=tier, timeout_s=timeout_s, memory_size_mb=256
        ) as invoker:
            for name in sorted(names):
                types, text, kept = FAULTS[name]
                found = do(invoker, name)
                said = found.error_message if found.error_type else found.response
                told[str(found.error_type)] += 1
                if found.error_type not in types or text not in str(said):
                    wrong[name] = (found.error_type, said)
                again = do(invoker, "fine")
                if again.error_type is not None:
                    wrong[name] = ("the next", again.error_type, again.error_message)
                elif kept and found.error_type in (None, "OSError", "KeyError") and again.cold:
                    wrong[name] = "a new environment"
    left = [each for each in _left() if each not in before]
    print(
        f"\nZOO tier={tier} faults={len(FAULTS)} wrong={len(wrong)} left={len(left)} told={dict(told)}"
    )
    assert wrong == {}
    assert comes_true(lambda: [each for each in _left() if each not in before] == []), left


def _left() -> list[str]:
    """Processes that descend from here, descriptors, threads but the starter of sandboxes, and folders of scratch."""
    processes = [f"process {pid}" for pid in tree(os.getpid())[1:]]
    descriptors = [
        f"descriptor {each.name} {each.readlink()}"
        for each in Path("/proc/self/fd").iterdir()
        if each.is_symlink()
    ]
    threads = [
        f"thread {each.name}"
        for each in threading.enumerate()
        if not each.name.startswith("sandboxes")
    ]
    scratch = [str(each) for each in Path(tempfile.gettempdir()).glob("replay-*")]
    return [*processes, *descriptors, *threads, *scratch]


@pytest.mark.parametrize("tier", ["A", "B"])
@pytest.mark.parametrize(
    ("at_import", "found"),
    [
        ("import no_such_module", "ImportModuleError"),
        ("raise ValueError('not today')", "not today"),
        ("os._exit(3)", "exit status 3"),
        ("os.kill(os.getpid(), 11)", "segmentation fault"),
    ],
)
def test_a_handler_that_does_not_load_is_told_before_any_event(tmp_path, tier, at_import, found):
    environment = {"FAULT_AT_IMPORT": at_import}
    with (
        pytest.raises(HandlerError, match=found),
        invoker_of(tmp_path, SOURCE, tier=tier, environment=environment),
    ):
        pass


def test_a_flood_leaves_the_parents_memory_as_it_was(tmp_path):
    with invoker_of(tmp_path, SOURCE, timeout_s=30) as invoker:
        answer(do(invoker, "fine"))
        before = _own_bytes()
        flooded = do(invoker, "floods")
        assert answer(flooded) == "flooded"
        assert len(flooded.log) < 330_000
        assert flooded.log_dropped_bytes + len(flooded.log) >= 3_000 << 20
        assert _own_bytes() - before < 32 << 20


def _own_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
