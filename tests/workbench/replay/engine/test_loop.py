"""The loop: what is in flight together, and that what comes of it does not depend on how long a handler takes."""

import time
from dataclasses import dataclass
from threading import Barrier

import pytest

from tests.factories import kinesis_record, sqs_message
from tests.workbench.replay.engine.runs import FunctionInvoker, run_queue, run_stream
from workbench.replay.engine.invocation import Invocation


@dataclass
class Remembered:
    """Each invocation took so long, on the virtual clock."""

    virtual_ms: float
    parallel: int = 1
    fails: frozenset[str] = frozenset()

    def renew(self):
        pass

    def close(self):
        pass

    def invoke(self, batch, request_id):
        failed = any(item.identifier in self.fails for item in batch.items)
        return Invocation(
            virtual_ms=self.virtual_ms, error_type="ValueError" if failed else None, response="null"
        )


@dataclass(frozen=True)
class Several(FunctionInvoker):
    """Runs in threads; the later of two may well end first."""

    parallel: int = 4

    def invoke(self, batch, request_id):
        time.sleep(0.001 * (len(batch.event) % 3))
        return super().invoke(batch, request_id)


def test_messages_of_a_queue_are_with_the_function_at_the_same_time():
    messages = [sqs_message(n, seconds=n) for n in range(1, 4)]

    ran = run_queue(messages, invoker=Remembered(10_000))

    assert [begin for begin, _, _ in ran.batches()] == [1, 2, 3]


def test_no_more_are_with_the_function_than_its_mapping_says():
    messages = [sqs_message(n, seconds=n) for n in range(1, 5)]

    ran = run_queue(messages, invoker=Remembered(10_000), batch_size=1, maximum_concurrency=2)

    assert [begin for begin, _, _ in ran.batches()] == [1, 2, 11, 12]


def test_a_group_waits_while_a_message_of_it_is_in_flight_and_other_groups_do_not():
    messages = [
        sqs_message(1, seconds=1, group="a"),
        sqs_message(2, seconds=2, group="a"),
        sqs_message(3, seconds=3, group="b"),
    ]

    ran = run_queue(
        messages, invoker=Remembered(10_000), attributes={"fifo_queue": True}, batch_size=1
    )

    assert [ran.seconds_of(message)[0] for message in messages] == [1, 11, 3]


def test_a_shard_waits_for_its_own_invocation_and_for_no_other():
    records = [
        kinesis_record(1, seconds=1, shard="shardId-000000000000"),
        kinesis_record(2, seconds=2, shard="shardId-000000000000"),
        kinesis_record(3, seconds=3, shard="shardId-000000000001"),
    ]

    ran = run_stream(records, invoker=Remembered(10_000), batch_size=1)

    assert [ran.seconds_of(record)[0] for record in records] == [1, 11, 3]


def test_a_message_that_fails_after_its_visibility_comes_back_when_the_attempt_has_ended():
    message = sqs_message(1, seconds=0)
    invoker = Remembered(40_000, fails=frozenset([message.record_id]))

    ran = run_queue([message], invoker=invoker, attributes={"max_receive_count": 2})

    assert ran.seconds_of(message) == [0, 40]


@pytest.mark.parametrize("size", [1, 3])
def test_a_queue_fares_the_same_whether_its_batches_are_run_one_by_one_or_together(size):
    messages = [sqs_message(n, seconds=n / 10) for n in range(60)]

    def handler(event):
        if any(record["messageId"][-1] in "37" for record in event["Records"]):
            raise ValueError("no")

    def told(ran):
        rows = ((r["record_id"], r["attempt"], r["verdict"], r["started_at"]) for r in ran.outcomes)
        return sorted(rows)

    queue = {"attributes": {"max_receive_count": 3}, "batch_size": size}
    one_by_one = run_queue(messages, handler, **queue)
    together = run_queue(messages, invoker=Several(handler), **queue)

    assert told(together) == told(one_by_one)
    assert len(one_by_one.outcomes) > 60


def test_several_handlers_really_run_at_the_same_time():
    records = [kinesis_record(n, seconds=n, shard=f"shardId-{n:012}") for n in range(1, 4)]
    met = Barrier(3, timeout=5)

    ran = run_stream(records, invoker=Several(lambda event: met.wait() and None))

    assert ran.verdicts == {"succeeded": 3}


def test_what_an_invocation_raises_ends_the_run_also_out_of_a_thread():
    class Broken:
        parallel = 2

        def renew(self):
            pass

        def close(self):
            pass

        def invoke(self, batch, request_id):
            raise OSError("no sandbox left")

    with pytest.raises(OSError, match="no sandbox left"):
        run_queue([sqs_message(1)], invoker=Broken())
