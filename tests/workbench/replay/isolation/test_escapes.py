"""Egress: what leaves an ordinary process by any of the known ways does not leave a sandbox of either tier."""

import ctypes
import json
import os
import secrets
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.workbench.replay.isolation.sandboxed import comes_true, ended, inside

ESCAPES = Path(__file__).with_name("escapes.py")
VICTIM = "import os, sys; os.write(1, b'x'); sys.stdin.read()"
LIBC = ctypes.CDLL(None, use_errno=True)


class Outside:
    """Everything that something inside might reach; it keeps what arrives."""

    def __init__(self, folder: Path) -> None:
        self.arrived = bytearray()
        self.known: dict[str, Any] = {"folder": str(folder / "outside"), "parent": os.getpid()}
        self._stack = ExitStack()
        self._poll = select.poll()
        self._open: dict[int, socket.socket] = {}
        self._files: dict[int, int] = {}
        self._plant(folder)
        self._listen()
        self._start_victims()
        self._stop, self._stopped = os.pipe()
        self._poll.register(self._stop, select.POLLIN)
        self._thread = threading.Thread(target=self._keep)
        self._thread.start()

    @property
    def is_signalled_alive(self) -> bool:
        """Whether nobody has killed the process that was there to be killed."""
        return self._signalled.poll() is None

    def close(self) -> None:
        """Everything is gone again."""
        os.close(self._stopped)
        self._thread.join()
        os.close(self._stop)
        for each in self._open.values():
            each.close()
        self._stack.close()

    def _plant(self, folder: Path) -> None:
        outside, home = folder / "outside", folder / "home"
        (home / ".aws").mkdir(parents=True)
        outside.mkdir()
        for file in (home / ".aws" / "credentials", outside / "credentials"):
            file.write_text("SECRET")
        os.mkfifo(outside / "fifo")
        fifo = os.open(outside / "fifo", os.O_RDWR | os.O_NONBLOCK)
        self._watch_file(fifo)
        self._secret = ctypes.create_string_buffer(b"SECRET!")
        segment = secrets.randbelow(1 << 30)
        number = LIBC.shmget(segment, 4096, 0o1600)
        self._stack.callback(LIBC.shmctl, number, 0, None)
        interfaces = [name for _, name in socket.if_nameindex() if name != "lo"]
        self.known |= {
            "home": str(home),
            "fifo": str(outside / "fifo"),
            "trace": str(folder / "incident.trace" / "catalog.sqlite"),
            "address": ctypes.addressof(self._secret),
            "shared_memory": segment,
            "interfaces": interfaces,
        }

    def _listen(self) -> None:
        outside = Path(self.known["folder"])
        tcp = self._watch(socket.create_server(("127.0.0.1", 0), backlog=50))
        self._fast_open(tcp)
        web = self._watch(socket.create_server(("127.0.0.1", 0), backlog=50))
        self.known |= {
            "tcp": tcp.getsockname()[1],
            "http": web.getsockname()[1],
            "tcp6": 0,
            "sctp": 0,
            "vsock": 0,
        }
        for name, family, kind, protocol, address in (
            ("tcp6", socket.AF_INET6, socket.SOCK_STREAM, 0, ("::1", 0)),
            ("sctp", socket.AF_INET, socket.SOCK_STREAM, 132, ("127.0.0.1", 0)),
            ("vsock", socket.AF_VSOCK, socket.SOCK_STREAM, 0, (socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY)),
            ("udp", socket.AF_INET, socket.SOCK_DGRAM, 0, ("127.0.0.1", 0)),
        ):  # fmt: skip
            with suppress(OSError):
                self.known[name] = self._bound(family, kind, protocol, address).getsockname()[1]
        abstract = f"replay-test-{secrets.token_hex(8)}"
        run = Path("/run") if os.access("/run", os.W_OK) else outside
        paths = {
            "unix": outside / "socket",
            "unix_datagram": outside / "datagrams",
            "run": run / f"{abstract}.sock",
        }
        for name, path in paths.items():
            kind = socket.SOCK_DGRAM if "datagram" in name else socket.SOCK_STREAM
            self._bound(socket.AF_UNIX, kind, 0, str(path))
            self._stack.callback(path.unlink)
            self.known[name] = str(path)
        self._bound(socket.AF_UNIX, socket.SOCK_STREAM, 0, f"\0{abstract}")
        link = Path(self.known["folder"]).parent / "code" / "link"
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(self.known["unix"])
        self.known |= {"abstract": abstract, "link": str(link)}

    def _fast_open(self, listener: socket.socket) -> None:
        with suppress(OSError):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 5)

    def _bound(self, family: int, kind: int, protocol: int, address: Any) -> socket.socket:
        bound = socket.socket(family, kind, protocol)
        bound.bind(address)
        if kind == socket.SOCK_STREAM:
            bound.listen(50)
        return self._watch(bound)

    def _watch(self, opened: socket.socket) -> socket.socket:
        opened.setblocking(False)
        self._open[opened.fileno()] = opened
        self._poll.register(opened, select.POLLIN)
        return opened

    def _watch_file(self, opened: int) -> None:
        self._files[opened] = opened
        self._stack.callback(os.close, opened)
        self._poll.register(opened, select.POLLIN)

    def _start_victims(self) -> None:
        victims = []
        for _ in range(2):
            victim = subprocess.Popen(
                [sys.executable, "-I", "-c", VICTIM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={"SECRET": "of another"},
                cwd=self.known["folder"],
            )
            self._stack.enter_context(victim)
            self._stack.callback(victim.kill)
            assert victim.stdout is not None
            victim.stdout.read(1)
            victims.append(victim)
        stdout = victims[0].stdout
        assert stdout is not None
        os.set_blocking(stdout.fileno(), False)
        self._files[stdout.fileno()] = stdout.fileno()
        self._poll.register(stdout, select.POLLIN)
        self._signalled = victims[1]
        self.known |= {
            "victim": victims[0].pid,
            "victim_descriptor": 1,
            "signalled": victims[1].pid,
        }

    def _keep(self) -> None:
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor == self._stop:
                    return
                with suppress(OSError):
                    self._keep_from(descriptor)

    def _keep_from(self, descriptor: int) -> None:
        if descriptor in self._files:
            piece = os.read(descriptor, 65_536)
            self.arrived += piece + b" "
            if not piece:
                self._poll.unregister(descriptor)
            return
        opened = self._open[descriptor]
        is_listening = opened.type == socket.SOCK_STREAM and opened.getsockopt(
            socket.SOL_SOCKET, socket.SO_ACCEPTCONN
        )
        if is_listening:
            self._watch(opened.accept()[0])
            return
        piece = opened.recv(65_536)
        self.arrived += piece + b" "
        if opened.type == socket.SOCK_STREAM:
            # An answer for those who speak HTTP; whoever does not has said what it had to say.
            opened.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
            self._poll.unregister(descriptor)
            self._open.pop(descriptor).close()


@contextmanager
def outside(folder: Path) -> Iterator[Outside]:
    there = Outside(folder)
    try:
        yield there
    finally:
        there.close()


def found(there: Outside, told: str) -> tuple[set[str], dict[str, str]]:
    """The ways that led somewhere, and why others did not."""
    document = json.loads(told.strip().splitlines()[-1])
    arrived = {*document["read"]} | {
        way for way in document["ways"] if way.encode() in there.arrived
    }
    if not there.is_signalled_alive:
        arrived.add("signal_to_another")
    if Path(there.known["folder"], ".file_outside.").exists():
        arrived.add("file_outside")
    return arrived, document["failed"]


@pytest.fixture(scope="module")
def control(tmp_path_factory):
    """What leaves a process that is not shut in: a way that does not even then proves nothing here."""
    folder = tmp_path_factory.mktemp("control")
    (folder / "incident.trace").mkdir()
    (folder / "incident.trace" / "catalog.sqlite").write_text("rows")
    with outside(folder) as there:
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        there._watch_file(reader)
        done = subprocess.run(
            [sys.executable, "-B", str(ESCAPES)],
            env={"OUTSIDE": json.dumps(there.known), "PATH": "/usr/bin:/bin", "HOME": str(folder)},
            pass_fds=(writer,),
            capture_output=True,
            text=True,
            check=True,
            timeout=100,
        )
        os.close(writer)
        comes_true(lambda: b"inherited_descriptors" in there.arrived, 2)
        return found(there, done.stdout)


@pytest.mark.parametrize(("tier", "abi_max"), [("A", None), ("B", None), ("B", 5), ("B", 4)])
def test_nothing_leaves_a_sandbox_by_any_way_that_leads_out_without_one(
    tmp_path, control, tier, abi_max
):
    possible, impossible = control
    with outside(tmp_path) as there:
        more = {"OUTSIDE": json.dumps(there.known)}
        with inside(tmp_path, tier, ESCAPES.read_text(), abi_max=abi_max, **more) as process:
            ended(process, 120)
            told, _ = process.output.take()
        arrived, failed = found(there, told)
        bytes_arrived = len(there.arrived.replace(b" ", b""))
    print(
        f"\nEGRESS tier={tier} abi={abi_max or 'own'} ways={len(possible)} "
        f"arrived={len(arrived)} bytes={bytes_arrived} "
        f"not_possible_here={sorted(set(impossible) - possible)}"
    )
    # An older kernel has no means against a signal to any process of the same user.
    assert arrived <= ({"signal_to_another"} if abi_max else set()), failed
    assert bytes_arrived == 0
    assert len(possible) >= 30
