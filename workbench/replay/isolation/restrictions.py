"""Gives up rights where no namespace takes them: files and TCP by Landlock, other sockets and system calls by seccomp.

Standard library only, and nothing of this project: the launcher loads it inside. What it gives up is gone for good, for
the process and for all that it starts. What the kernel offers no means against: the names and sizes of files that
cannot be opened, their modes, and a server of another machine on the very port of one of our own, which is why those
are random. Before Landlock 6 also a signal to a process of the same user that is neither our own nor the parent.

Source: landlock(7); seccomp(2); Linux, Documentation/userspace-api/landlock.rst.
"""

import ctypes
import os
import platform
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

ABI_LEAST = 4
"""The first Landlock that knows TCP."""
_ABI_SCOPES = 6
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_ASK_VERSION = 1
_PATH, _PORT = 1, 2
_EXECUTE, _WRITE, _READ, _LIST, _REFER, _TRUNCATE, _IOCTL, _UNIX = (
    1 << bit for bit in (0, 1, 2, 3, 13, 14, 15, 16)
)
_ALL_OF_FIRST = (1 << 13) - 1
_SINCE = {2: _REFER, 3: _TRUNCATE, 5: _IOCTL, 9: _UNIX}
_OF_A_FILE = _EXECUTE | _WRITE | _READ | _TRUNCATE | _IOCTL
_CONNECT, _BIND_AND_CONNECT = 2, 3
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2

_NO_NEW_PRIVILEGES, _DROP_FROM_BOUNDS, _SECCOMP = 38, 24, 22
_FILTER = 2
_LAST_CAPABILITY = 63
_CAPABILITIES_3 = 0x20080522

# Each machine's number for AUDIT_ARCH and for the system calls that are looked at or refused.
_NUMBERS: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (
        0xC000003E,
        {
            **{"shmget": 29, "sendto": 44, "sendmsg": 46, "listen": 50, "socket": 41, "socketpair": 53},
            **{"kill": 62, "semget": 64, "msgget": 68, "ptrace": 101, "capset": 126, "rt_sigqueueinfo": 129},
            **{"tkill": 200, "tgkill": 234, "mq_open": 240, "add_key": 248, "request_key": 249, "keyctl": 250},
            **{"rt_tgsigqueueinfo": 297, "perf_event_open": 298, "open_by_handle_at": 304, "sendmmsg": 307},
            **{"process_vm_readv": 310, "process_vm_writev": 311, "bpf": 321, "userfaultfd": 323},
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            **{"capset": 91, "ptrace": 117, "kill": 129, "tkill": 130, "tgkill": 131, "rt_sigqueueinfo": 138},
            **{"mq_open": 180, "msgget": 186, "semget": 190, "shmget": 194, "socket": 198, "socketpair": 199},
            **{"listen": 201, "sendto": 206, "sendmsg": 211, "add_key": 217, "request_key": 218, "keyctl": 219},
            **{"rt_tgsigqueueinfo": 240, "perf_event_open": 241, "open_by_handle_at": 265, "sendmmsg": 269},
            **{"process_vm_readv": 270, "process_vm_writev": 271, "bpf": 280, "userfaultfd": 282},
        },
    ),
}  # fmt: skip
_EVERYWHERE = {"pidfd_send_signal": 424, "io_uring_setup": 425, "pidfd_getfd": 438}
_REFUSED = (
    *("io_uring_setup", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "bpf"),
    *("add_key", "request_key", "keyctl", "perf_event_open", "userfaultfd", "open_by_handle_at"),
    *("shmget", "semget", "msgget", "mq_open", "listen"),
)
_X32 = 0x40000000
_FAST_OPEN = 0x20000000
_INET, _INET6, _STREAM, _DATAGRAM, _TCP = 2, 10, 1, 2, 6

_LOAD, _AND, _IS, _AT_LEAST, _HAS, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
_ALLOW, _EACCES = 0x7FFF0000, 0x00050000 | 13
_NUMBER, _MACHINE = 0, 4
Step = tuple[int, int, int, int]
"""One instruction: code, how many to skip where it holds, how many where it does not, operand."""


def landlock_abi() -> int:
    """The version of the kernel's Landlock; 0 where there is none, or none for this machine's kind."""
    if platform.system() != "Linux" or platform.machine() not in _NUMBERS:
        return 0
    abi: int = _libc().syscall(_CREATE, None, ctypes.c_size_t(0), _ASK_VERSION)
    return max(abi, 0)


def restrict(rights: Mapping[str, Any], ports: Sequence[int]) -> int:
    """Keep these rights and no others, for good.

    Args:
        rights: `readable`, `listable`, `writable`, `devices`: paths; `abi_max`: the highest version to use, or None.
        ports: what may be connected to by TCP.

    Returns:
        The version of Landlock that was used.

    Raises:
        OSError: the kernel does not do it.
    """
    abi = min(landlock_abi(), rights["abi_max"] or 1 << 10)
    if abi < ABI_LEAST:
        raise OSError(f"Landlock of version {abi}, wanted {ABI_LEAST}")
    _give_up_capabilities()
    handled = _ALL_OF_FIRST | sum(right for since, right in _SINCE.items() if since <= abi)
    scopes = (_ABSTRACT_SOCKETS | _SIGNALS) if abi >= _ABI_SCOPES else 0
    ruleset = _ruleset(handled, _BIND_AND_CONNECT, scopes)
    reading = _EXECUTE | _READ | _LIST
    for paths, access in (
        (rights["readable"], reading),
        (rights["listable"], _LIST),
        (rights["writable"], handled & ~(_UNIX | _IOCTL)),
        (rights["devices"], (_READ | _WRITE | _TRUNCATE) & handled),
    ):
        for path in paths:
            _allow_path(ruleset, path, access)
    for port in ports:
        _checked(
            "landlock_add_rule",
            _libc().syscall(_ADD, ruleset, _PORT, struct.pack("QQ", _CONNECT, port), 0),
        )
    _enforce(ruleset)
    # What signals reach no further than a scope allows is Landlock's to hold, and seccomp's where it cannot.
    _filter([] if scopes else _out_of_bounds())
    return abi


def spare_the_launcher(abi: int) -> None:
    """Give up signals to the process that restricted itself before; where Landlock cannot, seccomp does."""
    if abi >= _ABI_SCOPES:
        _enforce(_ruleset(0, 0, _SIGNALS))


def _out_of_bounds() -> list[int]:
    """What a signal must not be sent to: everything, this process, its parent, or their groups."""
    ours = (os.getpid(), os.getppid())
    groups = (os.getpgid(each) for each in ours)
    return [-1, *ours, *(-each for each in {*groups, *ours} if each > 1)]


def _give_up_capabilities() -> None:
    libc = _libc()
    for capability in range(_LAST_CAPABILITY + 1):
        libc.prctl(_DROP_FROM_BOUNDS, capability, 0, 0, 0)  # fails where there is none to drop
    none = struct.pack("IIIIII", 0, 0, 0, 0, 0, 0)
    number = _NUMBERS[platform.machine()][1]["capset"]
    _checked("capset", libc.syscall(number, struct.pack("Ii", _CAPABILITIES_3, 0), none))
    _checked("no_new_privs", libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))


def _ruleset(files: int, network: int, scopes: int) -> int:
    attributes = struct.pack("QQQ", files, network, scopes)
    size = len(attributes) if scopes else struct.calcsize("QQ")
    return _checked(
        "landlock_create_ruleset", _libc().syscall(_CREATE, attributes, ctypes.c_size_t(size), 0)
    )


def _allow_path(ruleset: int, path: str, access: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # a right less
    try:
        allowed = access if os.path.isdir(path) else access & _OF_A_FILE  # noqa: PTH112 - pathlib costs a start
        rule = struct.pack("=Qi", allowed, opened)
        _checked("landlock_add_rule", _libc().syscall(_ADD, ruleset, _PATH, rule, 0))
    finally:
        os.close(opened)


def _enforce(ruleset: int) -> None:
    try:
        _checked("landlock_restrict_self", _libc().syscall(_RESTRICT, ruleset, 0))
    finally:
        os.close(ruleset)


def _filter(unsignalled: Sequence[int]) -> None:
    steps = b"".join(struct.pack("HBBI", *step) for step in _steps(unsignalled))
    buffer = ctypes.create_string_buffer(steps, len(steps))
    program = struct.pack("HP", len(steps) // 8, ctypes.addressof(buffer))
    _checked("seccomp", _libc().prctl(_SECCOMP, _FILTER, ctypes.c_char_p(program), 0, 0))


def _steps(unsignalled: Sequence[int]) -> list[Step]:
    """The filter: what is refused is refused with EACCES, as Landlock does."""
    machine, own = _NUMBERS[platform.machine()]
    numbers = own | _EVERYWHERE
    refuse, allow = (_RETURN, 0, 0, _EACCES), (_RETURN, 0, 0, _ALLOW)
    rules: dict[str, list[Step]] = {name: [refuse] for name in _REFUSED}
    rules["socket"] = [
        *[_argument(0), (_IS, 2, 0, _INET), (_IS, 1, 0, _INET6), refuse],
        *[_argument(1), (_AND, 0, 0, 0xF), (_IS, 1, 0, _STREAM), refuse],
        # Multipath TCP is a stream, too, and Landlock does not see it connect.
        *[_argument(2), (_IS, 2, 0, 0), (_IS, 1, 0, _TCP), refuse, allow],
    ]
    # One end of a pair of datagram sockets can be connected to something else.
    rules["socketpair"] = [_argument(1), (_AND, 0, 0, 0xF), (_IS, 0, 1, _DATAGRAM), refuse, allow]
    for name, flags in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):
        # TCP fast open connects without asking Landlock.
        rules[name] = [_argument(flags), (_HAS, 0, 1, _FAST_OPEN), refuse, allow]
    if unsignalled:
        targets = [each & 0xFFFFFFFF for each in unsignalled]
        compared = [step for each in targets for step in ((_IS, 0, 1, each), refuse)]
        for name in ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
            rules[name] = [_argument(0), *compared, allow]
        rules["pidfd_send_signal"] = [refuse]
    return [
        *[(_LOAD, 0, 0, _MACHINE), (_IS, 1, 0, machine), refuse],
        *[(_LOAD, 0, 0, _NUMBER), (_AT_LEAST, 0, 1, _X32), refuse],
        *_looked_up((numbers[name], body) for name, body in rules.items()),
        allow,
    ]


def _looked_up(rules: Iterable[tuple[int, list[Step]]]) -> Iterable[Step]:
    for number, body in rules:
        yield _IS, 0, len(body), number
        yield from body


def _argument(number: int) -> Step:
    """The lower half of an argument: both machines are little-endian."""
    return _LOAD, 0, 0, 16 + 8 * number


def _checked(what: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
