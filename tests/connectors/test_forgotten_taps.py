"""What a killed capture left behind is found by its tags and removed; nothing else is."""

from datetime import timedelta
from typing import Any

import pytest

from connectors import local_client, open_connector
from connectors.forgotten_taps import forgotten_taps, remove_forgotten_taps
from tests.connectors.local import access_to, now, unique
from workbench.local_aws import LocalAws


@pytest.fixture
def sqs(local_aws: LocalAws) -> Any:
    return local_client("sqs", local_aws.endpoint_url)


@pytest.fixture
def sns(local_aws: LocalAws) -> Any:
    return local_client("sns", local_aws.endpoint_url)


def test_a_forgotten_tap_goes_with_its_subscription_once_its_time_is_over(
    local_aws: LocalAws, sns: Any
) -> None:
    arn = sns.create_topic(Name=unique("orders"))["TopicArn"]
    connector: Any = open_connector(arn, access_to(local_aws), now=now)
    connector.partitions()
    url = connector.tap.queue.url
    access = access_to(local_aws)
    assert url not in [tap.queue_url for tap in forgotten_taps(access, now())]
    later = now() + timedelta(days=2)
    assert url in [tap.queue_url for tap in forgotten_taps(access, later)]
    removed = remove_forgotten_taps(access, later)
    assert url in [tap.queue_url for tap in removed]
    assert sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"] == []
    assert forgotten_taps(access, later) == ()
    connector.close()


def test_a_queue_that_only_looks_like_a_tap_is_left_alone(local_aws: LocalAws, sqs: Any) -> None:
    name = unique("workbench-tap-by-hand")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    remove_forgotten_taps(access_to(local_aws), now() + timedelta(days=9))
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url
