"""Without a handler: what production's log says of a record happens to it again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import QUEUE, kinesis_record, sqs_message, write_trace
from tests.workbench.replay.invokers.batches import REQUEST, batch_of
from tests.workbench.trace.invoked import consumed_by, invoked, printed
from workbench.errors import UsageError
from workbench.replay.invokers.recorded_invoker import (
    Handling,
    RecordedInvoker,
    recorded_handlings,
)

ONE, TWO, THREE = (sqs_message(n) for n in (1, 2, 3))


def told(*handlings, of=ONE):
    return {(of.partition_id, of.record_id): list(handlings)}


@pytest.fixture
def handlings(tmp_path):
    """One request with two messages that failed, one with the first again, which did not."""
    records = [
        ONE,
        TWO,
        *invoked(1, printed(ONE, TWO), at=5, lasting=2, raised="ValueError: boom"),
        *invoked(2, printed(ONE), at=60, lasting=0.5),
    ]
    with write_trace(tmp_path / "t.trace", records, [consumed_by()]) as trace:
        yield recorded_handlings(trace, QUEUE)


def test_a_batch_of_production_takes_and_ends_as_it_did(handlings):
    found = RecordedInvoker(handlings).invoke(batch_of(ONE, TWO), REQUEST)
    assert (found.virtual_ms, found.duration_ms) == (2000, 2000)
    assert (found.error_type, found.error_message) == ("ValueError", "boom")
    assert found.response is None


def test_the_next_delivery_goes_as_the_next_handling_and_those_beyond_as_the_last(handlings):
    invoker = RecordedInvoker(handlings)
    second, third = (invoker.invoke(batch_of(ONE, deliveries=n), REQUEST) for n in (1, 2))
    assert (second.virtual_ms, second.error_type, second.response) == (500, None, "null")
    assert third == second
    assert invoker.invoke(batch_of(TWO, deliveries=3), REQUEST).error_type == "ValueError"


def test_other_batches_take_their_records_shares(handlings):
    assert RecordedInvoker(handlings).invoke(batch_of(TWO), REQUEST).virtual_ms == 1000


def test_what_no_log_tells_of_is_drawn_and_succeeds(handlings):
    found = RecordedInvoker(handlings).invoke(batch_of(THREE), REQUEST)
    assert found.virtual_ms in (2000, 500)
    assert found.error_type is None


def test_draws_follow_the_seed_and_the_request_and_nothing_else():
    handlings = told(*(Handling(float(n), 1) for n in range(1, 1000)))

    def drawn(seed, request_id):
        return RecordedInvoker(handlings, seed=seed).invoke(batch_of(TWO), request_id)

    assert drawn(1, "a") == drawn(1, "a")
    assert len({drawn(seed, name).virtual_ms for seed in (1, 2) for name in "abc"}) > 3


@given(st.lists(st.sampled_from([ONE, TWO, THREE]), unique_by=id, min_size=1), st.integers(0, 3))
def test_a_batch_takes_no_less_than_a_part_of_it(records, deliveries):
    handlings = told(Handling(300.0, 3)) | told(Handling(50.0, 1, "E"), Handling(7.0, 1), of=TWO)
    invoker = RecordedInvoker(handlings)
    known = [record for record in records if record is not THREE]
    all_of_it = invoker.invoke(batch_of(*known, deliveries=deliveries), REQUEST).virtual_ms
    for record in known:
        assert (
            invoker.invoke(batch_of(record, deliveries=deliveries), REQUEST).virtual_ms <= all_of_it
        )


def test_a_timeout_without_a_type_is_named_as_lambda_does(tmp_path):
    records = [ONE, *invoked(1, printed(ONE), at=5, timed_out=True)]
    with write_trace(tmp_path / "t.trace", records, [consumed_by()]) as trace:
        (handling,) = recorded_handlings(trace, QUEUE)[ONE.partition_id, ONE.record_id]
    assert handling.error_type == "Sandbox.Timedout"


def test_of_two_functions_the_one_that_is_named_counts(tmp_path):
    audit = "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/audit"
    records = [
        ONE,
        TWO,
        *invoked(1, printed(ONE, TWO), at=5, lasting=2),
        *invoked(2, printed(ONE), at=5, lasting=1, group=audit),
    ]
    mappings = [consumed_by(), consumed_by("audit")]
    with write_trace(tmp_path / "t.trace", records, mappings) as trace:
        assert len(recorded_handlings(trace, QUEUE)) == 2
        assert len(recorded_handlings(trace, QUEUE, audit)) == 1
        with pytest.raises(UsageError, match="nonsense"):
            recorded_handlings(trace, QUEUE, "nonsense")


def test_without_a_log_there_is_nothing_to_go_by(tmp_path):
    with (
        write_trace(tmp_path / "t.trace", [kinesis_record()]) as trace,
        pytest.raises(UsageError, match="lambda:FUNCTION"),
    ):
        recorded_handlings(trace, kinesis_record().source_arn)
