"""DynamoDB Streams: any schedule of writes and mishaps by script, and what a local table can show."""

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import (
    OperationRefusedError,
    SourceNotFoundError,
    ThrottledError,
    local_client,
    open_connector,
)
from connectors.dynamodb_streams.stream import open_table_stream
from connectors.source import parse_source
from tests.connectors.dynamodb_streams.table_capture import (
    TableCapture,
    needless_holes,
    stream_of,
    unexplained,
)
from tests.connectors.local import access_to, bodies, now, unique, until_tip
from tests.scripted_aws.clock import START, VirtualClock
from tests.scripted_aws.dynamodb_streams import ScriptedMappings, ScriptedTable
from tests.scripted_aws.faults import Answer, Fault, aws_error
from workbench.local_aws import LocalAws


def without_iterator(answer: Answer) -> Answer:
    return {name: value for name, value in answer.items() if name != "NextShardIterator"}


FAULTS = {
    "throttled": Fault(aws_error("ThrottlingException")),
    "expired": Fault(aws_error("ExpiredIteratorException")),
    "lost on the way": Fault(aws_error("InternalServerError"), after_the_deed=True),
    "empty document": Fault(damaged=lambda answer: {}),
    "no iterator": Fault(damaged=without_iterator),
    "no list": Fault(damaged=lambda answer: answer | {"Records": "x"}),
    "unparsable": Fault(ValueError("nan is no instant")),
}
MOMENTS = st.one_of(
    st.tuples(st.just("write"), st.integers(1, 30)),
    st.tuples(st.just("rotate"), st.integers(1, 2)),
    st.tuples(st.just("read"), st.integers(1, 12)),
    st.tuples(st.just("crash"), st.just(0)),
    st.tuples(st.just("minutes pass"), st.sampled_from([1, 16, 250, 720, 1_500])),
    st.tuples(st.just("fault"), st.sampled_from(sorted(FAULTS))),
)


@settings(max_examples=150)
@given(
    moments=st.lists(MOMENTS, max_size=40),
    partitions=st.integers(1, 3),
    empty_answers=st.integers(0, 3),
    end_shown_after_s=st.sampled_from([0, 45]),
    children_shown_after_s=st.sampled_from([0, 4]),
    since_hours=st.none() | st.sampled_from([-2, 1]),
)
def test_stored_is_written_less_holes_nothing_twice_parents_before_children(
    moments: list[tuple[str, Any]],
    partitions: int,
    empty_answers: int,
    end_shown_after_s: int,
    children_shown_after_s: int,
    since_hours: int | None,
) -> None:
    waiting: list[Fault | None] = []
    table = ScriptedTable(
        VirtualClock(),
        partitions=partitions,
        empty_answers=empty_answers,
        end_shown_after=timedelta(seconds=end_shown_after_s),
        children_shown_after=timedelta(seconds=children_shown_after_s),
        faults=lambda operation, asked: waiting.pop(0) if waiting else None,
    )
    since = START + timedelta(hours=since_hours) if since_hours is not None else None
    capture = TableCapture(table, since)
    for moment, how in moments:
        happen(moment, how, table, capture, waiting)
    waiting.clear()
    table.clock.forward(minutes=1)  # whatever is listed late is listed by now
    capture.to_the_end()
    check_laws(capture, partitions)


def happen(
    moment: str, how: Any, table: ScriptedTable, capture: TableCapture, waiting: list[Fault | None]
) -> None:
    if moment == "write":
        for n in range(how):
            table.put(f"key-{n % 5}")
            table.clock.forward(milliseconds=300)
    elif moment == "rotate":
        table.rotate(children=how)
    elif moment == "read":
        for _ in range(how):
            capture.step()
    elif moment == "crash":
        capture.crash()
    elif moment == "minutes pass":
        table.clock.forward(minutes=how)
    else:
        waiting += [FAULTS[how], None]


def check_laws(capture: TableCapture, partitions: int) -> None:
    ids = [record.record_id for record in capture.stored]
    assert len(ids) == len(set(ids)), "nothing twice"
    assert unexplained(capture) == []
    order = {change.event_id: n for n, (_, _, change) in enumerate(capture.table.written)}
    for key in {record.ordering_key for record in capture.stored}:
        of_key = [order[r.record_id] for r in capture.stored if r.ordering_key == key]
        assert of_key == sorted(of_key), "an item's changes in order, over parents and children"
    for shard_id in {record.partition_id for record in capture.stored}:
        numbers = [
            int(r.sequence_number or 0) for r in capture.stored if r.partition_id == shard_id
        ]
        assert numbers == sorted(numbers)


def captured(table: ScriptedTable, **more: Any) -> TableCapture:
    capture = TableCapture(table, **more)
    capture.to_the_end()
    return capture


def keys_of(capture: TableCapture) -> list[str]:
    return [json.loads(record.ordering_key or "")["id"]["S"] for record in capture.stored]


def test_a_capture_over_rotations_has_all_and_no_hole() -> None:
    table = ScriptedTable(VirtualClock(), partitions=2)
    for hour in range(20):
        table.put(f"{hour % 3}")
        table.clock.forward(hours=1)
    capture = captured(table)
    assert len(capture.stored) == 20
    assert capture.holes == []
    check_laws(capture, 2)


def test_following_for_two_days_over_rotations_leaves_no_hole() -> None:
    table = ScriptedTable(VirtualClock())
    capture = TableCapture(table, since=table.clock.now())
    for n in range(48 * 6):
        table.put(f"{n % 7}")
        capture.to_the_end()
        table.clock.forward(minutes=10)
    capture.to_the_end()
    assert len(capture.stored) == 48 * 6
    assert capture.holes == []


def test_an_idle_table_that_rotates_is_captured_without_a_hole() -> None:
    table = ScriptedTable(VirtualClock())
    table.clock.forward(hours=40)
    capture = captured(table)
    assert capture.stored == []
    assert capture.holes == []


def test_more_than_a_hundred_shards_are_all_read() -> None:
    table = ScriptedTable(VirtualClock(), partitions=130)
    for n in range(400):
        table.put(f"{n}")
    table.clock.forward(minutes=1)
    capture = captured(table)
    assert len(capture.stored) == 400
    assert capture.holes == []


def test_an_open_parent_is_read_to_its_end_before_its_child_although_both_are_listed() -> None:
    table = ScriptedTable(VirtualClock(), end_shown_after=timedelta(seconds=40))
    table.put("a")
    table.rotate()
    table.put("a")
    capture = captured(table)
    assert [record.sequence_number for record in capture.stored] == [
        str(change.sequence_number) for _, _, change in table.written
    ]


def test_children_that_are_listed_late_are_waited_for() -> None:
    table = ScriptedTable(VirtualClock(), children_shown_after=timedelta(seconds=6))
    table.put("a")
    table.rotate()
    table.put("b")
    assert keys_of(captured(table)) == ["a", "b"]


def test_a_disabled_stream_is_read_to_the_end_of_its_leaves() -> None:
    table = ScriptedTable(VirtualClock(), partitions=2)
    for key in "abcd":
        table.put(key)
    table.disable()
    table.clock.forward(hours=20)
    capture = captured(table)
    assert sorted(keys_of(capture)) == ["a", "b", "c", "d"]
    assert all(checkpoint.finished for checkpoint in capture.checkpoints.values())
    assert capture.holes == []


def test_a_capture_from_now_on_drops_what_is_older_also_after_a_restart() -> None:
    table = ScriptedTable(VirtualClock())
    table.put("old")
    table.clock.forward(minutes=1)
    capture = TableCapture(table, since=table.clock.now())
    capture.to_the_end()  # the shard is idle: there is no sequence number to stand behind
    assert capture.stored == []
    capture.crash()
    table.put("new")
    capture.since = None
    capture.to_the_end()
    assert keys_of(capture) == ["new"]
    assert capture.holes == []


def test_a_child_is_read_from_its_beginning_whatever_a_restart_asks_for() -> None:
    table = ScriptedTable(VirtualClock())
    table.put("a")
    capture = captured(table)
    capture.crash()
    table.clock.forward(minutes=1)
    table.rotate()
    table.put("b")
    table.clock.forward(hours=2)
    capture.since = table.clock.now()
    capture.to_the_end()
    assert keys_of(capture) == ["a", "b"]


def test_a_stop_of_ninety_minutes_too_long_is_a_hole_of_that_long() -> None:
    table = ScriptedTable(VirtualClock(), first_sequence_number=10**39)
    capture = captured(table)
    stopped_at = table.clock.now()
    capture.crash()
    for _ in range(6 * 26):
        table.clock.forward(minutes=10)
        table.put("a")
    capture.to_the_end()
    assert unexplained(capture) == []
    assert min(span.from_at for _, span in capture.holes) <= stopped_at
    ends = {span.to_at for _, span in capture.holes}
    assert max(ends) - stopped_at < timedelta(hours=2, minutes=10)
    assert {span.cause for _, span in capture.holes} == {"trimmed"}
    before = len(capture.holes)
    capture.crash()
    capture.to_the_end()
    assert len(capture.holes) == before, "a hole is told once"


def test_a_shard_and_its_descendants_that_expired_unread_are_a_hole() -> None:
    table = ScriptedTable(VirtualClock())
    table.put("a")
    capture = captured(table)
    capture.crash()
    for _ in range(70):
        table.clock.forward(hours=1)
        table.put("a")
    capture.to_the_end()
    assert unexplained(capture) == []
    assert needless_holes(capture, timedelta(minutes=1)) == []
    assert len(capture.stored) == 1 + 24


def test_a_second_long_stop_is_a_hole_of_its_own_and_not_of_the_first_again() -> None:
    table = ScriptedTable(VirtualClock(), partitions=2)
    capture = captured(table)
    for _ in range(2):
        table.clock.forward(minutes=1)
        table.rotate()
        finished = capture.finished()
        while capture.finished() == finished:
            capture.step()  # and no child of it is begun
        stopped_at, told = table.clock.now(), len(capture.holes)
        capture.crash()
        for _ in range(70):
            table.clock.forward(hours=1)
            table.put("a")
        capture.to_the_end()
        assert unexplained(capture) == []
        assert capture.holes[told:]
        assert min(s.from_at for _, s in capture.holes[told:]) > stopped_at - timedelta(minutes=5)
        capture.crash()
        before = len(capture.holes)
        capture.to_the_end()
        assert len(capture.holes) == before, "what was told is settled"


def test_a_stream_that_is_gone_is_a_hole_and_an_end() -> None:
    table = ScriptedTable(VirtualClock())
    connector = stream_of(table)
    (shard,) = connector.partitions()
    reading = connector.read(shard, None)
    first = next(reading)
    table.disable()
    table.clock.forward(hours=25)
    last = next(reading)
    assert (last.checkpoint.finished, last.spans[-1].cause) == (True, "gone")
    assert first.checkpoint.finished is False
    assert next(reading, None) is None


# Opening.


def opened(
    table: ScriptedTable, mappings: Any, source: str = "dynamodb:orders", **more: Any
) -> Any:
    clients = {"dynamodb": table, "dynamodbstreams": table, "lambda": mappings}
    access: Any = SimpleNamespace(client=lambda service, mode: clients[service])
    return open_table_stream(parse_source(source), access, now=table.clock.now, **more)


def mappings_of(table: ScriptedTable, *states: str) -> ScriptedMappings:
    return ScriptedMappings(
        [
            {
                "EventSourceArn": table.stream.arn,
                "UUID": f"{n}",
                "FunctionArn": f"arn:aws:lambda:eu-west-1:123456789012:function:f{n}",
                "State": state,
            }
            for n, state in enumerate(states)
        ]
    )


def test_a_third_reader_is_refused_by_naming_the_two_unless_forced() -> None:
    table = ScriptedTable(VirtualClock())
    mappings = mappings_of(table, "Enabled", "Disabled", "Enabled")
    with pytest.raises(OperationRefusedError, match=r"\(Lambda f0, Lambda f2\).*--force") as caught:
        opened(table, mappings)
    assert "\n" not in str(caught.value)
    assert opened(table, mappings, force=True).partitions()
    assert opened(table, mappings_of(table, "Enabled", "Disabled")).partitions()


def test_a_named_lease_table_counts_as_a_reader() -> None:
    table = ScriptedTable(VirtualClock())
    with pytest.raises(OperationRefusedError, match="Lambda f0, KCL application billing"):
        opened(table, mappings_of(table, "Enabled"), lease_table="billing")


def test_readers_that_may_not_be_seen_refuse_nothing() -> None:
    table = ScriptedTable(VirtualClock())
    assert opened(table, ScriptedMappings(error=aws_error("AccessDeniedException"))).partitions()


def test_a_stream_enabled_again_is_another_source_and_the_former_one_is_named() -> None:
    table = ScriptedTable(VirtualClock())
    former = table.stream.arn
    table.put("a")
    table.disable()
    table.clock.forward(hours=1)
    table.enable()
    connector = opened(table, ScriptedMappings())
    assert connector.source_arn == table.stream.arn != former
    (listed,) = [r for r in connector.resources() if r.kind == "list-streams"]
    assert former in listed.document
    again = opened(table, ScriptedMappings(), source=former)
    (shard,) = again.partitions()
    assert len([r for page in again.read(shard, None) for r in page.records]) == 1


def test_a_table_without_a_stream_names_the_former_ones_that_can_still_be_read() -> None:
    table = ScriptedTable(VirtualClock())
    without_stream = SimpleNamespace(
        describe_table=lambda **asked: {"Table": {"TableName": "orders"}}
    )
    clients = {"dynamodb": without_stream, "dynamodbstreams": table, "lambda": None}
    access: Any = SimpleNamespace(client=lambda service, mode: clients[service])
    with pytest.raises(SourceNotFoundError, match=r"still readable: arn:aws:dynamodb:.*/stream/"):
        open_table_stream(parse_source("dynamodb:orders"), access, now=table.clock.now)


def test_a_throttle_that_the_model_does_not_declare_is_a_throttle() -> None:
    table = ScriptedTable(VirtualClock())
    table.faults = lambda operation, asked: FAULTS["throttled"]
    with pytest.raises(ThrottledError):
        stream_of(table).partitions()


# What a local table can show.


def test_every_change_of_a_local_table_comes_once_in_order_and_resumes(
    local_aws: LocalAws, dynamodb: Any
) -> None:
    name = made_table(dynamodb)
    for n in range(12):
        item = {"id": {"S": f"{n % 3}"}, "n": {"N": str(n)}, "raw": {"B": b"\x00\xff"}}
        dynamodb.put_item(TableName=name, Item=item)
    dynamodb.delete_item(TableName=name, Key={"id": {"S": "0"}})
    connector = open_connector(f"dynamodb:{name}", access_to(local_aws), now=now)
    (partition,) = connector.partitions()
    pages = until_tip(connector, partition)
    records = [record for page in pages for record in page.records]
    names = [json.loads(record.envelope)["eventName"] for record in records]
    assert names == ["INSERT"] * 3 + ["MODIFY"] * 9 + ["REMOVE"]
    assert [json.loads(r.body)["NewImage"]["n"]["N"] for r in records[:12]] == [
        str(n) for n in range(12)
    ]
    assert json.loads(records[-1].body)["OldImage"]["raw"] == {"B": "AP8="}
    assert records[0].ordering_key == '{"id":{"S":"0"}}'
    dynamodb.put_item(TableName=name, Item={"id": {"S": "later"}})
    again = bodies(until_tip(connector, partition, pages[-1].checkpoint))
    assert again == [b'{"Keys":{"id":{"S":"later"}},"NewImage":{"id":{"S":"later"}}}']


def test_a_local_table_tells_its_configuration(local_aws: LocalAws, dynamodb: Any) -> None:
    arn = f"arn:aws:dynamodb:us-east-1:000000000000:table/{made_table(dynamodb)}"
    connector = open_connector(arn, access_to(local_aws), now=now)
    assert connector.source_arn.startswith(f"{arn}/stream/")
    assert [r.kind for r in connector.resources()] == [
        "describe-stream",
        "describe-table",
        "list-streams",
        "list-event-source-mappings",
    ]
    assert open_connector(connector.source_arn, access_to(local_aws), now=now).partitions()


def test_a_table_without_a_stream_is_said_so(local_aws: LocalAws, dynamodb: Any) -> None:
    name = made_table(dynamodb, stream=False)
    with pytest.raises(SourceNotFoundError, match="found none; enable one"):
        open_connector(f"dynamodb:{name}", access_to(local_aws), now=now)


def made_table(dynamodb: Any, *, stream: bool = True) -> str:
    name = unique("orders")
    images = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        **({"StreamSpecification": images} if stream else {}),
    )
    return name


@pytest.fixture
def dynamodb(local_aws: LocalAws) -> Any:
    return local_client("dynamodb", local_aws.endpoint_url)
