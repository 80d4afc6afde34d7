"""Kinesis: what a local stream can show, and by script what it cannot."""

from datetime import timedelta
from typing import Any

import pytest

from connectors import (
    Checkpoint,
    CorruptAnswerError,
    Partition,
    SourceNotFoundError,
    ThrottledError,
    open_connector,
    uncovered_hash_ranges,
)
from connectors.kinesis import KinesisStream
from tests.connectors.fakes import START, Clock, FakeStream, NoConsumers, Shard, aws_error
from tests.connectors.local import access_to, bodies, now, unique, until_tip
from workbench.local_aws import LocalAws

ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"


def stream(fake: FakeStream, clock: Clock | None = None, **more: Any) -> KinesisStream:
    settings: dict[str, Any] = {"created_at": START - timedelta(days=30), **more}
    return KinesisStream(
        source_arn=ARN,
        client=fake,
        lambda_client=NoConsumers(),
        retention=timedelta(hours=24),
        now=clock or Clock(),
        **settings,
    )


def test_children_are_listed_after_both_parents_over_all_pages() -> None:
    fake = FakeStream(
        {
            "a-merged": Shard(parents=("c-left", "b-right")),
            "b-right": Shard(closed=True),
            "c-left": Shard(closed=True),
        }
    )
    listed = stream(fake).partitions()
    assert [p.partition_id for p in listed][-1] == "a-merged"
    assert listed[-1].parents == ("c-left", "b-right")
    assert uncovered_hash_ranges(listed) == ()


def test_a_closed_shard_ends_with_a_finished_page_and_an_open_one_never() -> None:
    fake = FakeStream({"closed": Shard((1, 2, 3), closed=True), "open": Shard((4,))})
    pages = list(stream(fake).read(Partition("closed"), None))
    assert bodies(pages) == [b"1", b"2", b"3"]
    assert [page.checkpoint.finished for page in pages] == [False, True]
    reader = stream(fake).read(Partition("open"), None)
    assert [next(reader).millis_behind_latest for _ in range(4)] == [0, 0, 0, 0]


def test_a_finished_shard_is_not_read_again() -> None:
    fake = FakeStream({"s": Shard((1,), closed=True)})
    (page,) = stream(fake).read(Partition("s"), None)
    assert list(stream(fake).read(Partition("s"), page.checkpoint)) == []


def test_reading_goes_on_behind_the_checkpoint_of_any_page() -> None:
    fake = FakeStream({"s": Shard(tuple(range(1, 8)), closed=True)})
    pages = list(stream(fake).read(Partition("s"), None))
    for n, page in enumerate(pages):
        rest = list(stream(fake).read(Partition("s"), page.checkpoint))
        assert bodies(pages[: n + 1]) + bodies(rest) == [b"%d" % i for i in range(1, 8)]


def test_a_checkpoint_from_before_the_first_record_is_resumable() -> None:
    fake = FakeStream({"s": Shard(())})
    since = START - timedelta(minutes=5)
    page = next(iter(stream(fake, since=since).read(Partition("s"), None)))
    fake.shards["s"] = Shard((9,))
    resumed = next(iter(stream(fake).read(Partition("s"), page.checkpoint)))
    assert bodies([resumed]) == [b"9"]
    assert fake.asked[-1]["ShardIteratorType"] == "AT_TIMESTAMP"
    assert fake.asked[-1]["Timestamp"] == since


def test_reading_begins_at_the_oldest_record_never_at_the_latest() -> None:
    fake = FakeStream({"s": Shard((1,))})
    next(iter(stream(fake).read(Partition("s"), None)))
    assert fake.asked[-1]["ShardIteratorType"] == "TRIM_HORIZON"


def test_an_expired_iterator_is_renewed_behind_the_last_record() -> None:
    fake = FakeStream({"s": Shard((1, 2, 3), closed=True)})
    reader = stream(fake).read(Partition("s"), None)
    first = next(reader)
    fake.answers.append(aws_error("ExpiredIteratorException"))
    second = next(reader)
    assert bodies([first, second]) == [b"1", b"2", b"3"]
    assert fake.asked[-1]["StartingSequenceNumber"] == "2"
    assert second.requests == 3


def test_an_iterator_that_is_born_expired_is_no_endless_loop() -> None:
    fake = FakeStream({"s": Shard((1,))}, answers=[aws_error("ExpiredIteratorException")] * 2)
    with pytest.raises(Exception, match="ExpiredIterator"):
        next(stream(fake).read(Partition("s"), None))


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"Records": []},
        {"MillisBehindLatest": 0},
        {"Records": None, "MillisBehindLatest": 0},
        {"Records": [], "MillisBehindLatest": "0"},
        {"Records": [{"SequenceNumber": "1"}], "MillisBehindLatest": 0},
    ],
)
def test_a_damaged_answer_is_never_the_end_of_a_shard(answer: dict[str, Any]) -> None:
    fake = FakeStream({"s": Shard((1, 2), closed=True)}, answers=[answer])
    with pytest.raises(CorruptAnswerError, match="wanted, found"):
        next(stream(fake).read(Partition("s"), None))
    assert bodies(list(stream(fake).read(Partition("s"), None))) == [b"1", b"2"]


def test_a_throttle_reaches_whoever_can_wait() -> None:
    answers = [aws_error("ProvisionedThroughputExceededException")]
    fake = FakeStream({"s": Shard((1,))}, answers=answers)
    with pytest.raises(ThrottledError, match="lower the rate"):
        next(stream(fake).read(Partition("s"), None))


def test_the_spans_of_successive_pages_touch_and_end_now_at_the_tip() -> None:
    clock = Clock()
    fake = FakeStream({"s": Shard((1, 2, 3))})
    since = START - timedelta(hours=2)
    reader = stream(fake, clock, since=since).read(Partition("s"), None)
    spans = []
    for _ in range(3):
        spans += next(reader).spans
        clock.forward(seconds=10)
    assert spans[0].from_at == since
    assert spans[0].to_at == START - timedelta(hours=1) + timedelta(seconds=2)
    assert [s.from_at for s in spans[1:]] == [s.to_at for s in spans[:-1]]
    assert spans[-1].to_at == START + timedelta(seconds=20)
    assert all(span.cause is None for span in spans)


def test_spans_of_two_captures_touch() -> None:
    clock = Clock()
    fake = FakeStream({"s": Shard((1,))})
    first = next(iter(stream(fake, clock).read(Partition("s"), None)))
    clock.forward(hours=1)
    second = next(iter(stream(fake, clock).read(Partition("s"), first.checkpoint)))
    assert second.spans[0].from_at == first.spans[-1].to_at


def test_what_was_trimmed_while_we_were_away_is_a_hole() -> None:
    clock = Clock()
    fake = FakeStream({"s": Shard((1,))})
    first = next(iter(stream(fake, clock).read(Partition("s"), None)))
    clock.forward(hours=30)
    resumed = next(iter(stream(fake, clock).read(Partition("s"), first.checkpoint)))
    hole = resumed.spans[0]
    assert (hole.from_at, hole.cause) == (first.spans[-1].to_at, "trimmed")
    assert hole.to_at == clock.at - timedelta(hours=24) == resumed.spans[1].from_at


def test_asking_for_more_than_is_kept_is_a_hole_too() -> None:
    since = START - timedelta(hours=48)
    page = next(
        iter(stream(FakeStream({"s": Shard((1,))}), since=since).read(Partition("s"), None))
    )
    assert (page.spans[0].from_at, page.spans[0].cause) == (since, "trimmed")


def test_a_stream_younger_than_what_is_asked_for_has_lost_nothing() -> None:
    settings = {"since": START - timedelta(hours=48), "created_at": START - timedelta(hours=2)}
    page = next(iter(stream(FakeStream({"s": Shard((1,))}), **settings).read(Partition("s"), None)))
    assert [span.cause for span in page.spans] == [None]


def test_reading_ends_once_everything_up_to_until_was_read() -> None:
    clock = Clock()
    fake = FakeStream({"s": Shard(tuple(range(1, 100)))}, page=10)
    until = START - timedelta(hours=1) + timedelta(seconds=30)
    pages = list(stream(fake, clock, until=until).read(Partition("s"), None))
    assert {b"%d" % n for n in range(1, 31)} <= set(bodies(pages))
    assert len(bodies(pages)) < 60
    assert not pages[-1].checkpoint.finished


def test_a_record_a_little_out_of_order_is_not_lost_at_the_end() -> None:
    # Arrival times are not strictly rising: the third record is older than the second.
    fake = FakeStream({"s": Shard((29, 31, 30, 60))}, page=2)
    until = START - timedelta(hours=1) + timedelta(seconds=30)
    pages = list(stream(fake, until=until).read(Partition("s"), None))
    assert b"30" in bodies(pages)


def test_the_next_answer_is_kept_near_a_megabyte() -> None:
    asked: list[int] = []
    fake = FakeStream({"s": Shard((1, 2, 3))})
    given = fake.get_records

    def get_records(**parameters: Any) -> dict[str, Any]:
        asked.append(parameters["Limit"])
        answer = given(**parameters)
        for record in answer["Records"]:
            record["Data"] = b"x" * 100_000
        return answer

    fake.get_records = get_records  # type: ignore[method-assign]
    reader = stream(fake).read(Partition("s"), None)
    next(reader)
    next(reader)
    assert asked[0] == 500
    assert asked[1] == 9


def test_a_position_of_somebody_else_is_refused() -> None:
    with pytest.raises(Exception, match="a position in s was wanted"):
        next(stream(FakeStream({"s": Shard(())})).read(Partition("s"), Checkpoint("s", "495")))


def test_every_record_of_a_local_stream_comes_once_in_order_and_resumes(
    local_aws: LocalAws, kinesis: Any
) -> None:
    name = unique("orders")
    kinesis.create_stream(StreamName=name, ShardCount=2)
    sent = [b"%d \x00\xff" % n for n in range(30)]
    for n, data in enumerate(sent):
        kinesis.put_record(StreamName=name, PartitionKey=f"k{n % 5}", Data=data)
    connector = open_connector(f"kinesis:{name}", access_to(local_aws), now=now)
    by_key: dict[str | None, list[bytes]] = {}
    checkpoints = {}
    for partition in connector.partitions():
        pages = until_tip(connector, partition)
        checkpoints[partition] = pages[-1].checkpoint
        for page in pages:
            for record in page.records:
                by_key.setdefault(record.ordering_key, []).append(record.body)
                assert record.record_id == f"{partition.partition_id}:{record.sequence_number}"
                assert record.source_arn == connector.source_arn
                assert record.source_at is not None
    assert by_key == {f"k{k}": sent[k::5] for k in range(5)}
    kinesis.put_record(StreamName=name, PartitionKey="k0", Data=b"later")
    again = [
        body
        for partition, checkpoint in checkpoints.items()
        for body in bodies(until_tip(connector, partition, checkpoint))
    ]
    assert again == [b"later"]


def test_a_local_stream_read_by_its_arn_tells_its_configuration(
    local_aws: LocalAws, kinesis: Any
) -> None:
    name = unique("orders")
    kinesis.create_stream(StreamName=name, ShardCount=2)
    arn = f"arn:aws:kinesis:us-east-1:000000000000:stream/{name}"
    connector = open_connector(arn, access_to(local_aws), now=now)
    assert connector.source_arn == arn
    assert uncovered_hash_ranges(connector.partitions()) == ()
    assert [r.kind for r in connector.resources()] == [
        "describe-stream-summary",
        "list-shards",
        "list-event-source-mappings",
    ]
    connector.close()


def test_a_stream_that_is_not_there_is_said_so(local_aws: LocalAws) -> None:
    with pytest.raises(SourceNotFoundError, match=r"the stream nowhere: .*Region"):
        open_connector("kinesis:nowhere", access_to(local_aws), now=now)


@pytest.fixture
def kinesis(local_aws: LocalAws) -> Any:
    from connectors import local_client

    return local_client("kinesis", local_aws.endpoint_url)
