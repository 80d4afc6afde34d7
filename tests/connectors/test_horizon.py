"""How far back a source can still be read, from what AWS says of its settings."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors import local_client, parse_source
from connectors.described import Described
from connectors.errors import CorruptAnswerError
from connectors.horizon import available, still_available
from connectors.record import Mode, Service
from tests.connectors.local import access_to, now, unique
from workbench.local_aws import LocalAws

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OLD = NOW - timedelta(days=400)
DAY = timedelta(days=1)


def seen(service: Service, **settings: Any) -> Any:
    return available(Described("arn:x", service, settings, "x"), NOW)


def test_a_stream_keeps_its_retention_and_nothing_from_before_it_was_made() -> None:
    old = seen(Service.KINESIS, StreamCreationTimestamp=OLD, RetentionPeriodHours=48)
    new = seen(
        Service.KINESIS, StreamCreationTimestamp=NOW - timedelta(hours=3), RetentionPeriodHours=48
    )

    assert (old.kept_from_at, old.lost_after) == (NOW - 2 * DAY, 2 * DAY)
    assert new.kept_from_at == NOW - timedelta(hours=3)
    assert old.lost_at(NOW - DAY) == NOW + DAY


def test_a_tables_stream_keeps_a_day_and_says_when_it_is_disabled() -> None:
    enabled = seen(Service.DYNAMODB, CreationRequestDateTime=OLD, StreamStatus="ENABLED")
    disabled = seen(Service.DYNAMODB, CreationRequestDateTime=OLD, StreamStatus="DISABLED")

    assert (enabled.kept_from_at, enabled.lost_after, enabled.note) == (NOW - DAY, DAY, "")
    assert "disabled" in disabled.note


def test_logs_are_kept_for_the_groups_days_or_for_ever() -> None:
    made_ms = int(OLD.timestamp() * 1000)
    week = seen(Service.LOGS, creationTime=made_ms, retentionInDays=7)
    for_ever = seen(Service.LOGS, creationTime=made_ms)

    assert (week.kept_from_at, week.lost_after) == (NOW - 7 * DAY, 7 * DAY)
    assert (for_ever.kept_from_at, for_ever.lost_after) == (OLD, None)
    assert for_ever.lost_at(NOW) is None


def test_a_queue_keeps_its_messages_for_their_period_and_says_what_a_look_does() -> None:
    settings = {
        "MessageRetentionPeriod": "345600",
        "CreatedTimestamp": str(int(OLD.timestamp())),
        "ApproximateNumberOfMessages": "12",
    }
    queue = Described("arn:q", Service.SQS, settings, "url")
    peeked = available(queue, NOW, mode=Mode.PEEK)
    drained = available(queue, NOW, mode=Mode.DRAIN)

    assert (peeked.kept_from_at, peeked.lost_after) == (NOW - 4 * DAY, 4 * DAY)
    assert "about 12 messages wait" in peeked.note
    assert "receive counts" in peeked.note
    assert "deletes" in drained.note


def test_of_a_topic_nothing_can_be_read_back_even_where_it_has_an_archive() -> None:
    plain = seen(Service.SNS)
    archived = seen(Service.SNS, ArchivePolicy='{"MessageRetentionPeriod":"30"}')

    assert (plain.kept_from_at, plain.lost_after) == (None, timedelta(0))
    assert "archive keeps 30 d" in archived.note
    assert archived.kept_from_at is None


@pytest.mark.parametrize(
    ("service", "member"),
    [(Service.KINESIS, "RetentionPeriodHours"), (Service.SQS, "MessageRetentionPeriod")],
)
@pytest.mark.parametrize("value", [None, "soon"])
def test_settings_without_a_retention_are_damaged_not_guessed(
    service: Service, member: str, value: str | None
) -> None:
    with pytest.raises(CorruptAnswerError, match=f"{member} was wanted"):
        seen(service, **({member: value} if value else {}))


def test_a_class_of_logs_that_cannot_be_read_says_so() -> None:
    assert "cannot be read" in seen(Service.LOGS, logGroupClass="INFREQUENT_ACCESS").note


@pytest.fixture
def sources(local_aws: LocalAws) -> dict[str, str]:
    """One source of each kind in the local AWS: what a person types for it."""

    def client(service: str) -> Any:
        return local_client(service, local_aws.endpoint_url)

    name = unique("horizon")
    client("kinesis").create_stream(StreamName=name, ShardCount=1)
    client("sqs").create_queue(QueueName=name)
    client("sns").create_topic(Name=name)
    client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")
    client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return {word: f"{word}:{name}" for word in ("kinesis", "sqs", "sns", "dynamodb", "lambda")}


@pytest.mark.parametrize("word", ["kinesis", "sqs", "dynamodb", "lambda", "sns"])
def test_every_kind_of_source_can_be_asked(
    word: str, sources: dict[str, str], local_aws: LocalAws
) -> None:
    found = still_available(parse_source(sources[word]), access_to(local_aws), now())

    assert found.source_arn.startswith("arn:aws:")
    if word == "sns":
        assert found.kept_from_at is None
    else:
        assert found.kept_from_at is not None
        assert found.kept_from_at <= now() + timedelta(minutes=1)
