"""Ways out of a sandbox: a program that tries each, to send its name to something outside or to read something there.

Standard library only, as it runs where the project is not; what it could read it prints as JSON.
"""

import contextlib
import ctypes
import json
import mmap
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

OUTSIDE = json.loads(os.environ["OUTSIDE"])
TCP, TCP6 = ("127.0.0.1", OUTSIDE["tcp"]), ("::1", OUTSIDE["tcp6"])
UDP, SCTP = ("127.0.0.1", OUTSIDE["udp"]), ("127.0.0.1", OUTSIDE["sctp"])
LIBC = ctypes.CDLL(None, use_errno=True)
URL = f"http://127.0.0.1:{OUTSIDE['http']}/"
PATIENCE_S = 2


def _connect(name, address, family=socket.AF_INET, kind=socket.SOCK_STREAM, protocol=0):
    with socket.socket(family, kind, protocol) as client:
        client.settimeout(PATIENCE_S)
        client.connect(address)
        client.send(name.encode())


def tcp(name):
    _connect(name, TCP)


def tcp_over_ipv6(name):
    _connect(name, TCP6, socket.AF_INET6)


def tcp_to_a_mapped_address(name):
    _connect(name, ("::ffff:127.0.0.1", TCP[1]), socket.AF_INET6)


def tcp_to_this_host_as_0(name):
    _connect(name, ("0.0.0.0", TCP[1]))


def multipath_tcp(name):
    _connect(name, TCP, protocol=262)


def sctp(name):
    _connect(name, SCTP, protocol=132)


def udp_connected(name):
    _connect(name, UDP, kind=socket.SOCK_DGRAM)


def unix_path(name):
    _connect(name, OUTSIDE["unix"], socket.AF_UNIX)


def unix_path_in_run(name):
    _connect(name, OUTSIDE["run"], socket.AF_UNIX)


def unix_path_by_a_link(name):
    _connect(name, OUTSIDE["link"], socket.AF_UNIX)


def unix_abstract(name):
    _connect(name, "\0" + OUTSIDE["abstract"], socket.AF_UNIX)


def unix_datagram(name):
    _connect(name, OUTSIDE["unix_datagram"], socket.AF_UNIX, socket.SOCK_DGRAM)


def vsock(name):
    _connect(name, (1, OUTSIDE["vsock"]), socket.AF_VSOCK)


def metadata_address(name):
    _connect(name, ("169.254.169.254", 80))
    return "connected"


def an_outside_address(name):
    _connect(name, ("192.0.2.1", 443))
    return "connected"


def dns(name):
    return socket.getaddrinfo("example.com", 443)[0][4][0]


def tcp_fast_open(name):
    with socket.socket() as client:
        client.settimeout(PATIENCE_S)
        client.sendto(name.encode(), socket.MSG_FASTOPEN, TCP)


def tcp_fast_open_by_option(name):
    with socket.socket() as client:
        client.setsockopt(socket.IPPROTO_TCP, 30, 1)
        client.settimeout(PATIENCE_S)
        client.connect(TCP)
        client.send(name.encode())


def udp(name):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(name.encode(), UDP)


def udp_by_sendmsg(name):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendmsg([name.encode()], [], 0, UDP)


def _udp_packet(name):
    data = name.encode()
    return struct.pack("!HHHH", 40_000, UDP[1], 8 + len(data), 0) + data


def raw(name):
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as sender:
        sender.sendto(_udp_packet(name), ("127.0.0.1", 0))


def packet(name):
    inner = _udp_packet(name)
    home = socket.inet_aton("127.0.0.1")
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(inner), 1, 0, 64, 17, 0, home, home)
    total = sum(struct.unpack("!10H", head))
    check = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    head = head[:10] + struct.pack("!H", check) + head[12:]
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as sender:
        sender.sendto(head + inner, ("lo", 0x0800))


def unix_datagram_by_one_of_a_pair(name):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        ours.connect(OUTSIDE["unix_datagram"])
        ours.send(name.encode())


def netlink(name):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
        link.send(struct.pack("IHHII", 32, 18, 0x301, 1, 0) + bytes(16))
        told = link.recv(65_536)
    return [each for each in OUTSIDE["interfaces"] if each.encode() + b"\0" in told]


def io_uring(name):
    client = socket.socket()
    address = struct.pack(
        "=HH4s8x", socket.AF_INET, socket.htons(TCP[1]), socket.inet_aton("127.0.0.1")
    )
    kept = ctypes.create_string_buffer(address, len(address))
    parameters = ctypes.create_string_buffer(120)
    ring = LIBC.syscall(425, 4, parameters)
    if ring < 0:
        raise OSError(ctypes.get_errno(), "io_uring_setup")
    _, tail, *_, array = struct.unpack_from("7I", parameters, 40)
    queue = mmap.mmap(ring, array + 4 * 4, mmap.MAP_SHARED, offset=0)
    entry = mmap.mmap(ring, 4 * 64, mmap.MAP_SHARED, offset=0x10000000)
    entry[:24] = struct.pack(
        "=BBHiQQ", 16, 0, 0, client.fileno(), len(address), ctypes.addressof(kept)
    )
    queue[array : array + 4] = struct.pack("I", 0)
    queue[tail : tail + 4] = struct.pack("I", 1)
    if LIBC.syscall(426, ring, 1, 1, 1, None, 0) < 0:
        raise OSError(ctypes.get_errno(), "io_uring_enter")
    client.settimeout(PATIENCE_S)
    client.send(name.encode())


def libc_connect(name):
    client = LIBC.socket(2, 1, 0)
    address = struct.pack("=HH4s8x", 2, socket.htons(TCP[1]), socket.inet_aton("127.0.0.1"))
    if client < 0 or LIBC.connect(client, address, len(address)) < 0:
        raise OSError(ctypes.get_errno(), "connect")
    LIBC.send(client, name.encode(), len(name), 0)


def _child(*argv):
    done = subprocess.run(argv, check=False, capture_output=True, timeout=10)
    if done.returncode:
        raise OSError(done.stderr.decode(errors="replace")[-100:])


def curl(name):
    _child("curl", "-sS", "--noproxy", "*", "-m", "2", URL + name)


def bash(name):
    _child("bash", "-c", f"echo {name} >/dev/tcp/127.0.0.1/{TCP[1]}")


def child_process(name):
    _child(
        sys.executable,
        "-I",
        "-c",
        f"import socket; socket.create_connection({TCP}, 2).send(b'{name}')",
    )


def urllib_without_proxy(name):
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(URL + name, timeout=2).read()


def urllib_by_a_proxy(name):
    by = urllib.request.ProxyHandler({"http": URL})
    urllib.request.build_opener(by).open(f"http://example.com/{name}", timeout=2).read()


def requests_library(name):
    import requests

    requests.get(URL + name, timeout=2)


def boto3_with_an_endpoint(name):
    import boto3
    from botocore.config import Config

    config = Config(
        retries={"total_max_attempts": 1},
        connect_timeout=2,
        read_timeout=2,
        ignore_configured_endpoint_urls=True,
    )
    client = boto3.client(
        "sqs",
        "eu-west-1",
        endpoint_url=URL,
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=config,
    )
    client.send_message(QueueUrl=URL + name, MessageBody=name)


def daemon(name):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            try:
                tcp(name)
            finally:
                os._exit(0)
        os._exit(0)
    os.wait()
    time.sleep(0.3)


def thread(name):
    worker = threading.Thread(target=lambda: tcp(name))
    threading.excepthook = lambda told: None
    worker.start()
    worker.join()


def fifo(name):
    descriptor = os.open(OUTSIDE["fifo"], os.O_WRONLY | os.O_NONBLOCK)
    os.write(descriptor, name.encode())


def file_outside(name):
    Path(OUTSIDE["folder"], name).write_text("x")


def inherited_descriptors(name):
    for descriptor in range(3, 256):
        with contextlib.suppress(OSError):
            os.write(descriptor, name.encode())


def pidfd_of_another(name):
    process = os.pidfd_open(OUTSIDE["victim"])
    descriptor = LIBC.syscall(438, process, OUTSIDE["victim_descriptor"], 0)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    os.write(descriptor, name.encode())


def shared_memory(name):
    segment = LIBC.shmget(OUTSIDE["shared_memory"], 4096, 0o600)
    if segment < 0:
        raise OSError(ctypes.get_errno(), "shmget")
    return "attached"


def credentials_in_home(name):
    return Path(OUTSIDE["home"], ".aws", "credentials").read_text()


def credentials_elsewhere(name):
    return Path(OUTSIDE["folder"], "credentials").read_text()


def environment_of_another(name):
    return "SECRET=" in Path(f"/proc/{OUTSIDE['victim']}/environ").read_text()


def folder_of_another(name):
    return [each.name for each in Path(f"/proc/{OUTSIDE['victim']}/cwd").iterdir()]


def the_trace(name):
    return Path(OUTSIDE["trace"]).read_text()


def home_listing(name):
    return [each.name for each in Path(OUTSIDE["home"]).iterdir()]


def memory_of_another(name):
    kept = ctypes.create_string_buffer(8)
    here = (ctypes.c_uint64 * 2)(ctypes.addressof(kept), 8)
    there = (ctypes.c_uint64 * 2)(OUTSIDE["address"], 8)
    if LIBC.process_vm_readv(OUTSIDE["parent"], here, 1, there, 1, 0) < 0:
        raise OSError(ctypes.get_errno(), "process_vm_readv")
    return kept.raw.decode()


def ptrace(name):
    if LIBC.ptrace(0x4206, OUTSIDE["victim"], None, None) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    return "seized"


def signal_to_another(name):
    os.kill(OUTSIDE["signalled"], signal.SIGKILL)


WAYS = {
    name: way
    for name, way in list(globals().items())
    if getattr(way, "__module__", None) == __name__ and callable(way) and not name.startswith("_")
}


def main():
    read, failed = {}, {}
    for name, way in WAYS.items():
        try:
            found = way(f".{name}.")
        except BaseException as error:  # noqa: BLE001 - a way that is barred is an answer
            failed[name] = f"{type(error).__name__}: {error}"
        else:
            if found:
                read[name] = found
    print(json.dumps({"read": read, "failed": failed, "ways": [*WAYS]}), flush=True)


if __name__ == "__main__":
    main()
