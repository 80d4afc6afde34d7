"""Every operation of every service that botocore knows, asked through the guard: nothing leaves.

`pytest -m every_operation` (deselected by default: it takes minutes) prints the figure.
"""

import time
from functools import partial
from typing import Any

import botocore.session
import pytest

from connectors.access.allowlist import rules_for
from connectors.access.guard import Guard
from connectors.record import Mode
from tests.connectors.access.test_guard import low_level, tried, wire  # noqa: F401 - a fixture

KEYS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
EACH = 40
"""Of so many services one is asked without a guard, to see that what is sent is counted."""


def client_of(service: str, url: str, *, guarded: bool) -> Any:
    core = botocore.session.Session()
    if guarded:
        Guard(service, Mode.DRAIN).install(core)
    return core.create_client(service, region_name="us-east-1", endpoint_url=url, **KEYS)


@pytest.mark.every_operation
def test_nothing_that_botocore_can_ask_leaves_unless_it_is_on_the_list(
    wire: tuple[str, list[str]],  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, seen = wire
    began = time.monotonic()
    services = botocore.session.Session().get_available_services()
    operations = refused = listed = 0
    for service in services:
        client = client_of(service, url, guarded=True)
        for method, operation in client.meta.method_to_api_mapping.items():
            operations += 1
            if rules_for(service, operation, Mode.DRAIN):
                listed += 1
                continue
            # Two-way event streams have no method: what a method would do is done in its place.
            call = getattr(client, method, partial(client._make_api_call, operation, {}))
            assert tried(call), f"{service}:{operation} was not refused"
            assert tried(client.generate_presigned_url, ClientMethod=method), operation
            assert tried(low_level(client, operation, url)), f"{service}:{operation} by hand"
            refused += 1
    on_the_wire = len(seen)
    controls, arrived = services[::EACH], 0
    for service in controls:
        client = client_of(service, url, guarded=False)
        operation = next(iter(client.meta.method_to_api_mapping.values()))
        seen.clear()
        tried(low_level(client, operation, url))
        arrived += bool(seen)
    with capsys.disabled():
        print(
            f"\nFIGURE guard services={len(services)} operations={operations} listed={listed} "
            f"refused={refused} ways=3 on_the_wire={on_the_wire} "
            f"control_arrived={arrived} of={len(controls)} "
            f"seconds={time.monotonic() - began:.0f}"
        )

    assert on_the_wire == 0
    assert operations == listed + refused > 15_000
    assert arrived == len(controls)
