"""How many PutItem a client of a process of its own gets answered, against a server that answers `{}` unread.

`python -m tests.benchmarks.effects_recorder` prints both figures and their ratio.
"""

import socket
import subprocess
import sys

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


if __name__ == "__main__":
    unread, recorded = calls_per_second(Unread), calls_per_second(Recorder)
    print(f"put_items_per_second={recorded:.0f} unread={unread:.0f} ratio={recorded / unread:.2f}")
