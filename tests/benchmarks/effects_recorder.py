"""How many PutItem a client of a process of its own gets answered, against a server that answers `{}` unread.

`python -m tests.benchmarks effects_recorder` prints both figures and their ratio.
"""

import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from workbench.replay.effects.call import Reply
from workbench.replay.effects.recorder import Recorder
from workbench.replay.effects.request import Request

CALLS = 1500
CLIENT = f"""
import boto3, sys, time
client = boto3.Session("AK", "SK", region_name="eu-west-1").client("dynamodb", endpoint_url=sys.argv[1])
client.put_item(TableName="t", Item={{"id": {{"S": "first"}}}})
began = time.perf_counter()
for number in range({CALLS}):
    client.put_item(TableName="t", Item={{"id": {{"S": str(number)}}}})
print({CALLS} / (time.perf_counter() - began))
"""


class Unread(Recorder):
    """Answers without looking."""

    def answer(self, request: Request) -> Reply:
        """`{}`."""
        return Reply(headers={"content-type": "application/x-amz-json-1.0"}, body=b"{}")


def calls_per_second(kind: type[Recorder]) -> float:
    """Of one client, its first call left out."""
    listener = socket.create_server(("127.0.0.1", 0))
    recorder = kind(listener)
    recorder.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    ran = subprocess.run(
        [sys.executable, "-c", CLIENT, url], capture_output=True, check=True, timeout=120
    )
    recorder.close()
    return float(ran.stdout)


def run() -> Iterator[dict[str, Any]]:
    """PutItem calls a second, and of the server that looks at nothing."""
    unread, recorded = calls_per_second(Unread), calls_per_second(Recorder)
    yield {
        "name": "effects_recorder",
        "put_items_per_s": round(recorded),
        "unread_per_s": round(unread),
        "wanted_per_s": 700,
        "ratio": round(recorded / unread, 2),
    }
