"""The pace: what is waited for, what is not, and that a stop is heeded at once."""

import threading
from datetime import timedelta

import pytest

from tests.factories import T0, sqs_message
from tests.workbench.replay.engine.runs import FunctionInvoker, run_queue
from workbench.errors import UsageError
from workbench.replay.engine.invocation import Batch, Invocation
from workbench.replay.pace import Pacer, StoppableInvoker, StoppedError, pace_factor


class Watch:
    """A clock that only waiting moves; it is also the event that is waited on."""

    def __init__(self, stopped_at_s=float("inf")):
        self.s, self.waits, self.stopped_at_s = 100.0, [], stopped_at_s

    def is_set(self):
        return self.s >= self.stopped_at_s

    def wait(self, timeout):
        self.waits.append(timeout)
        self.s += timeout
        return self.is_set()


def paced(factor, watch):
    return Pacer(factor, watch, lambda: watch.s)


@pytest.mark.parametrize(("factor", "took_s"), [(1, 10), (10, 1), (0.5, 20), (None, 0)])
def test_a_run_takes_as_long_as_its_pace_says(factor, took_s):
    watch = Watch()
    pacer = paced(factor, watch)

    for seconds in (0, 4, 10):
        pacer(T0 + timedelta(seconds=seconds))

    assert watch.s - 100 == pytest.approx(took_s)


def test_a_handler_that_is_slower_is_not_waited_for_and_the_lag_is_told():
    watch = Watch()
    pacer = paced(1, watch)
    pacer(T0)
    watch.s += 7

    pacer(T0 + timedelta(seconds=2))
    pacer(T0 + timedelta(seconds=8))

    assert watch.s == pytest.approx(108)
    assert pacer.behind_s_most == pytest.approx(5)


def test_a_stop_is_heeded_while_waiting_for_a_far_instant():
    watch = Watch(stopped_at_s=103)
    pacer = paced(1, watch)
    pacer(T0)

    with pytest.raises(StoppedError):
        pacer(T0 + timedelta(days=1))

    assert max(watch.waits) <= 0.25
    assert watch.s < 103.5


@pytest.mark.parametrize("text", ["fast", "0x", "-1", "nan", "inf", ""])
def test_a_pace_that_is_none_is_refused_in_one_line(text):
    with pytest.raises(UsageError, match="wanted a pace such as original"):
        pace_factor(text)


def test_a_handler_that_hangs_is_ended_when_the_run_is_stopped():
    stop, ended = threading.Event(), threading.Event()

    class Hanging:
        parallel = 1

        def invoke(self, batch, request_id):
            stop.set()
            assert ended.wait(5)
            return Invocation(error_type="Runtime.ExitError")

        def close(self):
            ended.set()

    batch = Batch((), ("1",), T0, "poll", ("", ""))
    with StoppableInvoker(Hanging(), stop) as invoker, pytest.raises(StoppedError):
        invoker.invoke(batch, "request")


def test_pace_changes_nothing_about_what_becomes_of_a_record():
    messages = [sqs_message(n, seconds=n) for n in range(5)]

    def handler(event):
        raise ValueError(event["Records"][0]["messageId"])

    waited = Watch()
    fast = run_queue(
        messages, invoker=FunctionInvoker(handler), attributes={"max_receive_count": 2}
    )
    slow = run_queue(
        messages,
        invoker=FunctionInvoker(handler),
        attributes={"max_receive_count": 2},
        pace=paced(5, waited),
    )

    assert slow.outcomes == fast.outcomes
    assert waited.s - 100 == pytest.approx((4 + 30) / 5, abs=0.01)
