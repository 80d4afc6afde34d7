"""The breaker: many crashes in a row stop a run, crashes with answers between them do not."""

import pytest

from tests.workbench.replay.invokers.batches import REQUEST, whole
from workbench.errors import HandlerError
from workbench.replay.engine.invocation import Invocation
from workbench.replay.invokers.breaker import CRASHES, Breaker

CRASH = Invocation(error_type="Runtime.ExitError", error_message="exit status 3")


class Scripted:
    parallel = 3

    def __init__(self, answers):
        self._answers = iter(answers)

    def invoke(self, batch, request_id):
        return next(self._answers)


def test_the_invocation_after_too_many_crashes_in_a_row_is_refused_in_one_line():
    breaker = Breaker(Scripted([CRASH] * 3), stop_after_crashes=3)
    assert breaker.parallel == 3
    assert [breaker.invoke(whole("{}"), REQUEST) for _ in range(3)] == [CRASH] * 3
    with pytest.raises(
        HandlerError, match=r"3 crashes in a row.*exit status 3.*stop_after_crashes"
    ) as refused:
        breaker.invoke(whole("{}"), REQUEST)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("between", [Invocation(response="1"), Invocation(error_type="KeyError")])
def test_an_answer_between_crashes_begins_the_count_anew(between):
    answers = [CRASH, CRASH, between, CRASH, CRASH, between]
    breaker = Breaker(Scripted(answers), stop_after_crashes=3)
    assert [breaker.invoke(whole("{}"), REQUEST) for _ in answers] == answers


@pytest.mark.parametrize("error_type", sorted(CRASHES))
def test_whatever_ends_an_environment_is_a_crash(error_type):
    breaker = Breaker(Scripted([Invocation(error_type=error_type, error_message="killed")]), 1)
    breaker.invoke(whole("{}"), REQUEST)
    with pytest.raises(HandlerError, match="1 crashes in a row"):
        breaker.invoke(whole("{}"), REQUEST)
