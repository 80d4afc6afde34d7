"""Answers of a local AWS: what is written can be read again, and nothing but this machine is ever called."""

import gc
import socket
import warnings
from contextlib import closing

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from workbench.errors import UsageError
from workbench.replay.effects.recorder import Recorder
from workbench.replay.effects.stateful import stateful

# Moto's server and urllib3 let connections go without closing them; whose turn it is when Python notices is chance.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
FAKE = {
    "region_name": "eu-west-1",
    "aws_access_key_id": "x",
    "aws_secret_access_key": "x",
    "config": Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
}


@pytest.fixture(scope="module")
def local_aws():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def recorder(local_aws):
    listener = socket.create_server(("127.0.0.1", 0))
    made = Recorder(listener, stateful(local_aws))
    made.start()
    yield made, "http://{}:{}".format(*listener.getsockname())
    made.close()


def test_what_a_handler_writes_it_can_read_again(recorder):
    made, url = recorder
    table = boto3.client("dynamodb", endpoint_url=url, **FAKE)
    keys = {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }
    table.create_table(TableName="orders", BillingMode="PAY_PER_REQUEST", **keys)

    table.put_item(TableName="orders", Item={"id": {"S": "1"}, "raw": {"B": b"\x00\xff"}})

    assert (
        table.get_item(TableName="orders", Key={"id": {"S": "1"}})["Item"]["raw"]["B"]
        == b"\x00\xff"
    )
    store = boto3.client("s3", endpoint_url=url, **FAKE)
    store.create_bucket(
        Bucket="photos", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    store.put_object(Bucket="photos", Key="a b", Body=b"picture")
    assert store.get_object(Bucket="photos", Key="a b")["Body"].read() == b"picture"
    table.close()
    store.close()
    means = {effect.answered_with["means"] for effect in made.take()}
    assert means == {"stateful"}


def test_an_error_of_the_local_aws_is_the_handlers_error(recorder):
    _, url = recorder
    table = boto3.client("dynamodb", endpoint_url=url, **FAKE)
    with closing(table), pytest.raises(table.exceptions.ResourceNotFoundException):
        table.get_item(TableName="nowhere", Key={"id": {"S": "1"}})


def test_a_local_aws_that_is_gone_is_an_error_of_the_call_alone():
    listener = socket.create_server(("127.0.0.1", 0))
    made = Recorder(listener, stateful("http://127.0.0.1:9"))
    made.start()
    queue = boto3.client("sqs", endpoint_url="http://{}:{}".format(*listener.getsockname()), **FAKE)
    with closing(queue), pytest.raises(ClientError, match="ServiceUnavailable"):
        queue.list_queues()
    (effect,) = made.take()
    assert effect.answered_with["note"] == "the local AWS did not answer"
    made.close()


@pytest.mark.parametrize(
    "url",
    [
        "https://sqs.eu-west-1.amazonaws.com",
        "http://169.254.169.254",
        "http://10.0.0.7:4566",
        "http://127.0.0.1.example.com",
        "http://localhost@example.com",
        "4566",
        "",
    ],
)
def test_nothing_but_this_machine_is_called(url):
    with pytest.raises(UsageError, match="wanted a local AWS on this machine"):
        stateful(url)
