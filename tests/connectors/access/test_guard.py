"""The guard, proved against a server that records what reaches it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs

import botocore.session
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from connectors.access.allowlist import ALLOW, rules_for
from connectors.access.clients import Access, local_client
from connectors.access.guard import guarded_services
from connectors.errors import OperationRefusedError
from connectors.record import Mode

TAP_URL = "http://127.0.0.1/000000000000/workbench-tap-orders-0a1b2c3d"
OTHER_URL = "http://127.0.0.1/000000000000/orders"


STAGES = ("provide-client-params", "before-call", "before-sign", "before-send")


class Recorder(BaseHTTPRequestHandler):
    """Answers everything with nothing and remembers what it was asked."""

    seen: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        target = self.headers.get("X-Amz-Target", "").rsplit(".", 1)[-1]
        self.seen.append(target or parse_qs(body).get("Action", [self.path])[0])
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_PUT = do_DELETE = do_PATCH = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def wire() -> Iterator[tuple[str, list[str]]]:
    Recorder.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", Recorder.seen
    server.shutdown()
    server.server_close()
    thread.join()


def client_for(service: str, mode: Mode, url: str) -> Any:
    return Access(endpoint_url=url, modes=frozenset(Mode)).client(service, mode)


def tried(operation: Any, **parameters: Any) -> bool:
    """Whether the guard refused; what AWS or boto3 say otherwise is no matter here."""
    try:
        operation(**parameters)
    except OperationRefusedError:
        return True
    except (ClientError, BotoCoreError, ResponseParserError, TypeError):
        return False
    return False


@pytest.mark.parametrize("mode", list(Mode))
def test_nothing_off_the_list_reaches_the_wire_called_or_presigned(
    mode: Mode, wire: tuple[str, list[str]]
) -> None:
    url, seen = wire
    refused = 0
    for service in sorted(guarded_services()):
        client = client_for(service, mode, url)
        for method, operation in client.meta.method_to_api_mapping.items():
            if rules_for(service, operation, mode):
                continue
            assert tried(getattr(client, method)), f"{service}:{operation} was not refused"
            assert tried(client.generate_presigned_url, ClientMethod=method), operation
            refused += 1
    assert refused > 300
    assert seen == []


def test_what_is_on_the_list_does_reach_the_wire(wire: tuple[str, list[str]]) -> None:
    url, seen = wire
    client_for("sqs", Mode.OBSERVE, url).get_queue_url(QueueName="orders")
    assert not tried(client_for("sns", Mode.OBSERVE, url).get_topic_attributes, TopicArn="a")
    assert not tried(client_for("sqs", Mode.PEEK, url).receive_message, QueueUrl=OTHER_URL)
    assert not tried(
        client_for("sqs", Mode.DRAIN, url).delete_message_batch,
        QueueUrl=OTHER_URL,
        Entries=[{"Id": "0", "ReceiptHandle": "h"}],
    )
    assert seen == ["GetQueueUrl", "GetTopicAttributes", "ReceiveMessage", "DeleteMessageBatch"]


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("receive_message", {}),
        ("delete_queue", {}),
        ("delete_message_batch", {"Entries": [{"Id": "0", "ReceiptHandle": "h"}]}),
        ("set_queue_attributes", {"Attributes": {}}),
        ("tag_queue", {"Tags": {}}),
    ],
)
def test_a_tap_touches_its_own_queue_and_no_other(
    method: str, parameters: dict[str, Any], wire: tuple[str, list[str]]
) -> None:
    url, seen = wire
    operation = getattr(client_for("sqs", Mode.TAP, url), method)
    assert tried(operation, QueueUrl=OTHER_URL, **parameters)
    assert tried(operation, QueueUrl=f"{OTHER_URL}?workbench-tap-", **parameters)
    assert seen == []
    assert not tried(operation, QueueUrl=TAP_URL, **parameters)
    assert len(seen) == 1


def test_a_tap_makes_and_subscribes_only_queues_of_its_own(wire: tuple[str, list[str]]) -> None:
    url, seen = wire
    queues, topics = client_for("sqs", Mode.TAP, url), client_for("sns", Mode.TAP, url)
    own, other = (f"arn:aws:sqs:r:1:{n}" for n in ("workbench-tap-x", "orders"))
    assert tried(queues.create_queue, QueueName="orders")
    assert tried(topics.subscribe, TopicArn="t", Protocol="sqs", Endpoint=other)
    assert tried(topics.subscribe, TopicArn="t", Protocol="https", Endpoint="https://x.example")
    assert seen == []
    assert not tried(queues.create_queue, QueueName="workbench-tap-x")
    assert not tried(topics.subscribe, TopicArn="t", Protocol="sqs", Endpoint=own)
    assert seen == ["CreateQueue", "Subscribe"]


def test_masked_log_data_is_never_unmasked(wire: tuple[str, list[str]]) -> None:
    url, seen = wire
    logs = client_for("logs", Mode.OBSERVE, url)
    assert tried(logs.filter_log_events, logGroupName="g", unmask=True)
    assert seen == []


@pytest.mark.parametrize(
    "stage", ["provide-client-params", "before-call", "before-sign", "before-send"]
)
def test_any_one_stage_alone_stops_an_operation(stage: str, wire: tuple[str, list[str]]) -> None:
    url, seen = wire
    client = client_for("sqs", Mode.OBSERVE, url)
    stages = ["provide-client-params", "before-call", "before-sign", "before-send"]
    for number, other in enumerate(stages, 1):
        if other != stage:
            client.meta.events.unregister(other, unique_id=f"guard-{number}")
    assert tried(client.purge_queue, QueueUrl=OTHER_URL)
    assert seen == []


def test_without_its_stages_the_operation_would_have_been_sent(
    wire: tuple[str, list[str]],
) -> None:
    url, seen = wire
    client = client_for("sqs", Mode.OBSERVE, url)
    for number, stage in enumerate(
        ["provide-client-params", "before-call", "before-sign", "before-send"], 1
    ):
        client.meta.events.unregister(stage, unique_id=f"guard-{number}")
    assert not tried(client.purge_queue, QueueUrl=OTHER_URL)
    assert seen == ["PurgeQueue"]


def test_every_row_of_the_list_names_an_operation_that_exists() -> None:
    core = botocore.session.Session()
    for rule in ALLOW:
        assert rule.operation in core.get_service_model(rule.service).operation_names


def test_an_open_client_is_for_this_machine_only() -> None:
    with pytest.raises(OperationRefusedError, match="not on this machine"):
        local_client("sqs", "https://sqs.eu-west-1.amazonaws.com")
    with pytest.raises(OperationRefusedError, match="not on this machine"):
        local_client("sqs", "http://127.0.0.1.example.com")


def low_level(client: Any, operation: str, url: str) -> Any:
    """What stands below the client's methods: a request made by hand, straight to the endpoint."""
    request = {"url_path": "/", "query_string": "", "method": "POST", "headers": {}, "body": b"{}"}
    model = client.meta.service_model.operation_model(operation)
    prepared = request | {"url": url, "context": {"client_region": "us-east-1"}}
    return lambda: client._endpoint.make_request(model, prepared)


def test_a_request_made_by_hand_is_refused_too(wire: tuple[str, list[str]]) -> None:
    url, seen = wire
    client = client_for("sqs", Mode.DRAIN, url)

    assert tried(low_level(client, "DeleteQueue", url))
    assert tried(client._make_api_call, operation_name="PurgeQueue", api_params={})
    assert seen == []


@pytest.mark.parametrize("left", [3, 4])
def test_either_of_the_two_last_stages_alone_stops_a_request_made_by_hand(
    left: int, wire: tuple[str, list[str]]
) -> None:
    url, seen = wire
    client = client_for("sqs", Mode.OBSERVE, url)
    for number, stage in enumerate(STAGES, 1):
        if number != left:
            client.meta.events.unregister(stage, unique_id=f"guard-{number}")

    assert tried(low_level(client, "DeleteQueue", url))
    assert seen == []


def test_paginators_and_waiters_ask_through_the_guard(wire: tuple[str, list[str]]) -> None:
    url, seen = wire
    streams = client_for("kinesis", Mode.OBSERVE, url)
    queues = client_for("sqs", Mode.OBSERVE, url)

    assert tried(lambda: list(streams.get_paginator("list_streams").paginate()))
    assert tried(lambda: list(queues.get_paginator("list_queues").paginate()))
    assert tried(lambda: streams.get_waiter("stream_exists").wait(StreamName="orders"))
    assert seen == []
    assert not tried(lambda: list(streams.get_paginator("list_shards").paginate(StreamName="o")))
    assert seen == ["ListShards"]


def test_only_the_lease_table_that_was_named_is_read(wire: tuple[str, list[str]]) -> None:
    url, seen = wire
    unnamed = Access(endpoint_url=url).client("dynamodb", Mode.OBSERVE)
    named = Access(endpoint_url=url, lease_tables=frozenset({"orders-app"})).client(
        "dynamodb", Mode.OBSERVE
    )

    assert tried(unnamed.scan, TableName="orders-app")
    assert tried(named.scan, TableName="orders")
    assert tried(named.get_paginator("scan").paginate(TableName="customers").build_full_result)
    assert seen == []
    assert not tried(named.scan, TableName="orders-app")
    assert not tried(unnamed.describe_table, TableName="orders")
    assert seen == ["Scan", "DescribeTable"]


def test_a_client_without_a_guard_does_send_what_the_guard_refuses(
    wire: tuple[str, list[str]],
) -> None:
    url, seen = wire
    assert not tried(low_level(local_client("sqs", url), "DeleteQueue", url))
    assert not tried(local_client("dynamodb", url).scan, TableName="customers")
    assert len(seen) == 2
