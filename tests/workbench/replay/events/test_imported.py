"""Whatever event is imported comes back: the same values, the members in the same order."""

import base64
import json
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import factories
from tests.workbench.replay.events.rows import imported
from workbench.replay.events import event

TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=12)
NUMBERS = st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
BASE64 = st.binary(max_size=12).map(lambda data: base64.b64encode(data).decode())
ARN = "arn:aws:execute-api:eu-west-1:1:a/prod"
NOTES = ("body_encoding", "body_at", "event", "awslogs", "subscription")


@st.composite
def shuffled(draw: st.DrawFn, **members: st.SearchStrategy[Any]) -> dict[str, Any]:
    """An object of these members and a few more, in any order."""
    more = draw(st.dictionaries(TEXTS.filter(lambda name: name not in NOTES), VALUES, max_size=2))
    known = {name: draw(values) for name, values in members.items()}
    names = draw(st.permutations([*known, *(name for name in more if name not in known)]))
    return {name: known.get(name, more.get(name)) for name in names}


def listed(record: st.SearchStrategy[Any], member: str = "Records", **top: Any) -> Any:
    return st.lists(record, min_size=1, max_size=3).flatmap(
        lambda records: st.permutations([*top, member]).map(
            lambda names: {name: top.get(name, records) for name in names}
        )
    )


def said(value: Any) -> st.SearchStrategy[Any]:
    return st.just(value)


SQS = shuffled(
    messageId=said("m"),
    eventSource=said("aws:sqs"),
    eventSourceARN=said(factories.QUEUE),
    body=TEXTS | VALUES,
)
KINESIS = shuffled(
    eventSource=said("aws:kinesis"),
    eventSourceARN=said(factories.STREAM),
    eventID=said("shardId-0:7"),
    kinesis=shuffled(sequenceNumber=said("7"), data=BASE64 | TEXTS | VALUES),
)
CHANGE = shuffled(
    eventID=said("1"),
    eventSource=said("aws:dynamodb"),
    eventSourceARN=said(factories.TABLE_STREAM),
    dynamodb=shuffled(Keys=VALUES, NewImage=VALUES, SequenceNumber=said("7")),
)
SNS = shuffled(
    EventSource=said("aws:sns"),
    Sns=shuffled(
        MessageId=said("m"), TopicArn=said(factories.TOPIC), Message=TEXTS | VALUES, Subject=VALUES
    ),
)
S3 = shuffled(
    eventSource=said("aws:s3"),
    responseElements=said({"x-amz-request-id": "r"}),
    s3=shuffled(bucket=said({"name": "b", "arn": "arn:aws:s3:::b"}), object=VALUES),
)
FIREHOSE = shuffled(recordId=said("1"), data=BASE64 | TEXTS | VALUES)
BUS = shuffled(**{"id": said("e"), "detail-type": said("t"), "source": said("s"), "detail": VALUES})
API = shuffled(
    httpMethod=said("GET"),
    requestContext=shuffled(requestId=said("r"), apiId=said("a")),
    body=TEXTS | BASE64 | VALUES,
    isBase64Encoded=st.booleans(),
)
TOKEN = shuffled(type=said("TOKEN"), methodArn=said(f"{ARN}/GET/"), authorizationToken=VALUES)
WINDOW = {"window": {"start": "2020-12-09T07:04:00Z"}, "state": {"1": 282}, "shardId": "shardId-0"}


@pytest.mark.parametrize(
    "events",
    [
        pytest.param(listed(SQS), id="sqs"),
        pytest.param(listed(KINESIS), id="kinesis"),
        pytest.param(listed(KINESIS, **WINDOW), id="tumbling window"),
        pytest.param(listed(CHANGE), id="dynamodb"),
        pytest.param(listed(SNS), id="sns"),
        pytest.param(listed(S3), id="s3"),
        pytest.param(
            listed(FIREHOSE, "records", invocationId="i", deliveryStreamArn="arn:aws:firehose:::d"),
            id="firehose",
        ),
        pytest.param(BUS, id="bus"),
        pytest.param(API, id="api"),
        pytest.param(TOKEN, id="authorizer"),
    ],
)
def test_any_event_comes_back_member_for_member(events: st.SearchStrategy[Any]) -> None:
    @settings(max_examples=25)
    @given(events)
    def comes_back(document: Any) -> None:
        assert json.dumps(event(imported(document))) == json.dumps(document)

    comes_back()


def test_a_log_subscription_comes_back_byte_for_byte() -> None:
    message = {
        "messageType": "DATA_MESSAGE",
        "logEvents": [
            {"id": "2", "message": "b \u00e9", "timestamp": 2},
            {"timestamp": 1, "extractedFields": {"a": "1"}, "id": "1", "message": ""},
        ],
        "owner": "1",
        "logGroup": "g",
        "logStream": "s",
    }
    text = json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()
    data = base64.b64encode(zlib.compress(text, 9)).decode()
    assert event(imported({"awslogs": {"data": data}})) == {"awslogs": {"data": data}}
