# ruff: noqa: SIM105, SIM115, PTH123 - as people write handlers
"""A handler with every fault: each function is one way to go wrong, chosen by the event's `do`."""

import ctypes
import mmap
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

if fault := os.environ.get("FAULT_AT_IMPORT"):
    exec(fault)  # noqa: S102

CALLS = 0


def handle(event, context):
    global CALLS
    CALLS += 1
    return globals()[event["do"]](event, context)


class Unfit(Exception):
    def __str__(self):
        raise RuntimeError("not even a text")


def fine(event, context):
    return "fine"


def calls(event, context):
    return CALLS


def raises(event, context):
    raise KeyError("order_id")


def raises_system_exit(event, context):
    sys.exit(4)


def exits(event, context):
    os._exit(3)


def exits_with_zero(event, context):
    os._exit(0)


def aborts(event, context):
    os.abort()


def reads_address_zero(event, context):
    ctypes.string_at(0)


def terminates_itself(event, context):
    os.kill(os.getpid(), signal.SIGTERM)


def returns_a_set(event, context):
    return {1}


def returns_too_much(event, context):
    return "x" * 7_000_000


def returns_nan(event, context):
    return float("nan")


def interrupts_itself(event, context):
    raise KeyboardInterrupt


def raises_a_bad_exception(event, context):
    raise Unfit


def hangs(event, context):
    while True:
        pass


def hangs_in_c(event, context):
    ctypes.CDLL(None).pause()


def stops_itself(event, context):
    os.kill(os.getpid(), signal.SIGSTOP)


def ignores_signals(event, context):
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    time.sleep(86_399)


def recurses(event, context):
    return recurses(event, context)


def recurses_in_c(event, context):
    resource.setrlimit(resource.RLIMIT_STACK, (1 << 20, 1 << 20))
    code = (
        b"\xe8\xfb\xff\xff\xff"
        if os.uname().machine == "x86_64"
        else b"\xff\x43\x00\xd1\xfe\x03\x00\xf9\xfe\xff\xff\x97"
    )
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()


def _fill(mebibytes):
    held = []
    for _ in range(mebibytes):
        held.append(bytearray(os.urandom(1 << 10)) * (1 << 10))
    return held


def takes_too_much_memory(event, context):
    held = _fill(400)
    time.sleep(5)
    return len(held)


def takes_too_much_memory_in_children(event, context):
    for _ in range(4):
        if os.fork() == 0:
            held = _fill(80)
            time.sleep(60)
            os._exit(len(held))
    time.sleep(60)


def swallows_memory_errors(event, context):
    held = []
    while True:
        try:
            held += _fill(20)
        except MemoryError:
            pass


def forks_and_forks(event, context):
    # In a row and not without end: an administrator is not held to a number of processes by the kernel.
    for _ in range(1_400):
        try:
            if os.fork() == 0:
                signal.pause()
        except OSError:
            time.sleep(0.01)
    time.sleep(86_399)


def starts_many_threads(event, context):
    # Every one of them with a small stack of its own.
    threading.stack_size(64 * 1024)
    for _ in range(1_500):
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()


def opens_too_many_files(event, context):
    held = [open("/dev/null") for _ in range(5_000)]
    return len(held)


def fills_the_disk(event, context):
    with open(Path(os.environ["TMPDIR"], "big"), "wb") as file:
        os.posix_fallocate(file.fileno(), 0, 600 << 20)


def floods(event, context):
    piece = b"x" * (1 << 20)
    for _ in range(3_000):
        os.write(1, piece)
    return "flooded"


def closes_all_descriptors(event, context):
    os.closerange(0, 1024)
    time.sleep(86_399)


def closes_output(event, context):
    os.closerange(0, 3)
    return "quiet"


def writes_to_all_descriptors(event, context):
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except OSError:
            pass
    return "honest"


def kills_its_parent(event, context):
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(0.5)
    return "alive"


def stops_its_parent(event, context):
    os.kill(os.getppid(), signal.SIGSTOP)
    return "alive"


def kills_everything(event, context):
    os.kill(-1, signal.SIGKILL)
    time.sleep(0.5)
    return "alive"


def leaves_a_child(event, context):
    subprocess.Popen(["sleep", "86399"], start_new_session=True)
    return "left"


def leaves_a_daemon(event, context):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 1024)
            time.sleep(86_399)
        os._exit(0)
    os.wait()
    return "left"
