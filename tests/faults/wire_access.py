"""Guarded boto3 clients, made once: what is slow about making them is no matter of these tests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.httpsession import URLLib3Session

from connectors import Access, Mode
from tests.faults.wire_aws import WireAws, serving
from tests.faults.wire_faults import READ_TIMEOUT_S, WireFault


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAccess(Access):
    """An access that makes each client once."""

    impatient: bool = False
    """Its clients give up soon."""
    kept: dict[tuple[str, Mode], Any] = field(default_factory=dict, repr=False, compare=False)

    def client(self, service: str, mode: Mode) -> Any:
        if (service, mode) not in self.kept:
            access = Access(endpoint_url=self.endpoint_url, modes=frozenset(Mode))
            client: Any = access.client(service, mode)
            if self.impatient:
                client._endpoint.http_session = URLLib3Session(timeout=(3, READ_TIMEOUT_S))
            self.kept[service, mode] = client
        return self.kept[service, mode]


@dataclass(frozen=True)
class Wire:
    """AWS behind a real server, and the ways to it."""

    aws: WireAws
    patient: KeptAccess
    impatient: KeptAccess

    def access(self, fault: WireFault | None) -> KeptAccess:
        """The access that a fault needs."""
        return self.impatient if fault is not None and fault.slow else self.patient


@contextmanager
def on_the_wire() -> Iterator[Wire]:
    """A server, closed in the end."""
    aws = WireAws()
    server = serving(aws)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield Wire(aws, KeptAccess(endpoint_url=url), KeptAccess(endpoint_url=url, impatient=True))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore try again at once."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None))
