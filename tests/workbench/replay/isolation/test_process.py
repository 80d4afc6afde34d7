"""A sandboxed process: proved first, then a program with a server outside, whose end and memory are known."""

import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from tests.workbench.replay.isolation.sandboxed import TIERS, comes_true, ended, inside
from workbench.replay.isolation.process import Program
from workbench.replay.isolation.processes import tree

ASKS = """
import os, socket
for name in ("RUNTIME_API", "AWS"):
    with socket.create_connection(("127.0.0.1", int(os.environ["PORT_" + name]))) as client:
        client.sendall(name.encode())
        print(client.recv(100).decode())
"""


@pytest.mark.parametrize("tier", TIERS)
def test_a_program_reaches_the_two_servers_that_stand_outside(tmp_path, tier):
    heard = []

    def serve(listener):
        with listener.accept()[0] as client:
            heard.append(client.recv(100).decode())
            client.sendall(b"hello " + heard[-1].encode())

    with inside(tmp_path, tier, ASKS) as process:
        for name in ("runtime_api", "aws"):
            serve(process.listeners[name])
        assert ended(process) == 0
        assert process.output.take() == ("hello RUNTIME_API\nhello AWS\n", 0)
    assert heard == ["RUNTIME_API", "AWS"]


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("import sys; sys.exit(4)", 4),
        ("import os; os._exit(0)", 0),
        ("import os; os.abort()", -signal.SIGABRT),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    ],
)
def test_the_end_of_a_program_is_told_as_it_was(tmp_path, tier, source, code):
    with inside(tmp_path, tier, source) as process:
        assert ended(process) == code
        assert process.kill() == code


@pytest.mark.parametrize("tier", TIERS)
def test_a_program_is_not_the_first_process_and_inherits_nothing_but_its_output(tmp_path, tier):
    source = """
        import os
        print(os.getpid() > 1, os.getsid(0) == os.getpid(), os.getcwd(), sorted(os.environ))
        def is_open(fd):
            try: os.fstat(fd)
            except OSError: return False
            return True
        print([fd for fd in range(64) if is_open(fd)])
    """
    with inside(tmp_path, tier, textwrap.dedent(source)) as process:
        assert ended(process) == 0
        first, second = process.output.take()[0].splitlines()
    names = ["HOME", "LC_CTYPE", "PATH", "PORT_AWS", "PORT_RUNTIME_API", "TMPDIR"]
    assert first == f"True True {tmp_path / 'code'} {names}"
    assert second == "[0, 1, 2]"


@pytest.mark.parametrize("tier", TIERS)
def test_memory_is_that_of_all_that_the_program_started(tmp_path, tier):
    source = """
        import os, time
        for _ in range(3):
            if os.fork() == 0: break
        mine = bytearray(os.urandom(1 << 20)) * 40
        print("ready", flush=True)
        time.sleep(60)
    """
    with inside(tmp_path, tier, textwrap.dedent(source)) as process:
        said = []
        assert comes_true(
            lambda: said.append(process.output.take()[0]) or "".join(said).count("ready") == 4
        )
        assert 160 << 20 < process.memory_bytes() < 300 << 20
        process.reset_memory()
        assert process.memory_bytes() > 160 << 20


@pytest.mark.parametrize("tier", TIERS)
def test_nothing_is_left_of_a_sandbox_whose_program_made_a_daemon(tmp_path, tier):
    source = """
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                print("ready", flush=True)
                os.closerange(0, 100)
                time.sleep(86399)
            os._exit(0)
        time.sleep(86399)
    """
    with inside(tmp_path, tier, textwrap.dedent(source)) as process:
        assert comes_true(lambda: process.output.take()[0] == "ready\n")
        everyone = tree(process._process.pid)
        descriptors = len(list(Path("/proc/self/fd").iterdir()))
        assert process.kill() == -signal.SIGKILL
        assert len(list(Path("/proc/self/fd").iterdir())) < descriptors
    assert comes_true(lambda: not any(Path(f"/proc/{pid}").exists() for pid in everyone))


@pytest.mark.parametrize("tier", TIERS)
def test_a_sandbox_outlives_the_thread_that_opened_it(tmp_path, tier):
    opened = []
    context = inside(tmp_path, tier, "import time; time.sleep(86399)")
    thread = threading.Thread(target=lambda: opened.append(context.__enter__()))
    thread.start()
    thread.join()
    try:
        assert not comes_true(lambda: opened[0].poll() is not None, 0.3)
    finally:
        context.__exit__(None, None, None)


PARENT = """
import sys, time
from pathlib import Path
from tests.workbench.replay.isolation.sandboxed import inside
from workbench.replay.isolation.processes import tree
SLEEPS = '''
import os, time
if os.fork() == 0:
    os.setsid()
    os.fork()
time.sleep(86399)
'''
with inside(Path(sys.argv[1]), sys.argv[2], SLEEPS) as process:
    while len(found := tree(process._process.pid)) < len(process._ours) + 3: time.sleep(0.01)
    print(*found, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("tier", TIERS)
def test_nothing_is_left_when_the_parent_is_killed(tmp_path, tier):
    argv = [sys.executable, "-c", PARENT, str(tmp_path), tier]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        everyone = parent.stdout.readline().split()
        parent.kill()
    assert len(everyone) >= 4
    assert comes_true(lambda: not any(Path(f"/proc/{pid}").exists() for pid in everyone))


def test_a_program_that_cannot_be_executed_is_told(tmp_path):
    with inside(tmp_path, "C") as process:
        process.run(Program(("/no/such/program",), tmp_path, {}), {})
        assert ended(process) == 127
        assert process.output.last_line().startswith("cannot execute /no/such/program")
