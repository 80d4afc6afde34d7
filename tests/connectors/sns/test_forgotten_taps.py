"""What a killed capture left behind is found by its tags and removed; nothing else is."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors import ConnectorError, local_client, open_connector
from connectors.sns.forgotten_taps import forgotten_taps, remove_forgotten_taps
from tests.connectors.local import access_to, now, unique
from tests.connectors.sns.scripted_topics import TopicAws, tap
from tests.scripted_aws.faults import Fault, aws_error
from workbench.local_aws import LocalAws

LATER = timedelta(days=2)


@pytest.fixture
def aws() -> TopicAws:
    return TopicAws()


def forget(aws: TopicAws, many: int) -> datetime:
    """Taps whose processes were killed, and the instant from which on they are forgotten."""
    arn = aws.topic()
    for n in range(many):
        tap(aws, arn, f"{n:08x}").make()
    return aws.clock.at + LATER


def test_forgotten_taps_are_found_over_many_pages_of_queues_and_subscriptions(
    aws: TopicAws,
) -> None:
    later = forget(aws, 25)
    aws.queues.page = aws.topics.page = 4
    assert forgotten_taps(aws, aws.clock.at) == ()  # type: ignore[arg-type]
    assert len(remove_forgotten_taps(aws, later)) == 25  # type: ignore[arg-type]
    assert aws.left() == []
    asked = [a for name, a in aws.sqs.calls if name == "ListQueues"]
    assert all("MaxResults" in a for a in asked)  # without it there is a first page only


def test_a_tap_that_is_still_kept_alive_is_never_removed(aws: TopicAws) -> None:
    arn = aws.topic()
    forgotten, wanted = tap(aws, arn, "00000000"), tap(aws, arn, "11111111")
    forgotten.make()
    wanted.make()
    later = aws.clock.at + LATER
    wanted.keep(later - timedelta(hours=1))
    remove_forgotten_taps(aws, later)  # type: ignore[arg-type]
    assert len(aws.left()) == 2
    assert wanted.queue is not None
    assert wanted.queue.url.rsplit("/", 1)[-1] in aws.left()


def test_a_tap_that_says_so_between_listing_and_removal_is_spared(aws: TopicAws) -> None:
    later = forget(aws, 1)
    (queue,) = aws.queues.queues.values()
    looks = iter(range(9))

    def wanted_again(answer: dict[str, Any]) -> dict[str, Any]:
        first = next(looks) == 0
        until = queue.tags["workbench:expires_at"] if first else "2999-01-01T00:00:00Z"
        return {"Tags": answer["Tags"] | {"workbench:expires_at": until}}

    fault = Fault(damaged=wanted_again)
    aws.fail(lambda name, _: fault if name == "ListQueueTags" else None)
    assert remove_forgotten_taps(aws, later) == ()  # type: ignore[arg-type]
    assert len(aws.left()) == 2


@pytest.mark.parametrize(
    "tags",
    [{}, {"owner": "somebody"}, {"workbench:expires_at": "soon"}],
)
def test_a_queue_without_a_taps_tags_is_never_touched_whatever_its_name(
    aws: TopicAws, tags: dict[str, str]
) -> None:
    aws.sqs.create_queue(QueueName="workbench-tap-by-hand", tags=tags)
    aws.sqs.create_queue(QueueName="orders", tags={"workbench:expires_at": "2000-01-01T00:00:00Z"})
    arn = aws.topic()
    for name in ("workbench-tap-by-hand", "orders"):
        endpoint = aws.queues.queues[name].arn
        aws.sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=endpoint)
    assert remove_forgotten_taps(aws, aws.clock.at + LATER) == ()  # type: ignore[arg-type]
    assert set(aws.queues.queues) == {"workbench-tap-by-hand", "orders"}
    assert len(aws.topics.subscriptions) == 2


def test_a_subscription_whose_tap_queue_is_gone_is_removed(aws: TopicAws) -> None:
    later = forget(aws, 1)
    aws.queues.queues.clear()
    assert remove_forgotten_taps(aws, later) == ()  # type: ignore[arg-type]
    assert aws.left() == []


def test_a_subscription_to_a_tap_in_another_account_or_region_is_left_alone(
    aws: TopicAws,
) -> None:
    arn = aws.topic()
    for place in ("eu-west-1:999999999999", "us-east-1:123456789012"):
        endpoint = f"arn:aws:sqs:{place}:workbench-tap-orders-0a1b2c3d"
        aws.sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=endpoint)
    remove_forgotten_taps(aws, aws.clock.at + LATER)  # type: ignore[arg-type]
    assert len(aws.topics.subscriptions) == 2


def test_one_that_cannot_be_removed_does_not_keep_the_others(aws: TopicAws) -> None:
    later = forget(aws, 3)
    stuck = sorted(aws.queues.queues)[0]
    fault = Fault(aws_error("AccessDenied"))

    def denied(operation: str, parameters: Any) -> Fault | None:
        is_it = operation == "DeleteQueue" and parameters["QueueUrl"].endswith(stuck)
        return fault if is_it else None

    aws.fail(denied)
    with pytest.raises(ConnectorError, match=f"2 were removed and 1 not: removing .*{stuck}"):
        remove_forgotten_taps(aws, later)  # type: ignore[arg-type]
    assert aws.left() == [stuck]


def test_a_forgotten_tap_of_a_local_aws_goes_with_its_subscription(local_aws: LocalAws) -> None:
    sns: Any = local_client("sns", local_aws.endpoint_url)
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


def test_a_local_queue_that_only_looks_like_a_tap_is_left_alone(local_aws: LocalAws) -> None:
    sqs: Any = local_client("sqs", local_aws.endpoint_url)
    name = unique("workbench-tap-by-hand")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    remove_forgotten_taps(access_to(local_aws), now() + timedelta(days=9))
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url
